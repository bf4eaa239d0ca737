"""What the backend has not acknowledged, cut into packets under credit (wire contract 3, decisions 22)."""

from dataclasses import dataclass

from wire.records import PACKET_BYTES_MAX, PACKET_RECORDS_MAX, PACKETS_IN_FLIGHT_MAX, Packet, Record

RESEND_MS, RESEND_MS_MAX = 10_000, 160_000
"""No acknowledgement for this long while packets are under way: send again from what is acknowledged; twice as long each
time in a row."""

RECORD_OVERHEAD_BYTES = 260
"""Header, hashes and punctuation of one record in a packet, rounded up."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """How far records have been sent, and the last seq of each packet still unacknowledged, oldest first."""

    sent_upto: int = 0
    in_flight: tuple[int, ...] = ()

    @property
    def credit(self) -> int:
        """Packets that may leave now."""
        return PACKETS_IN_FLIGHT_MAX - len(self.in_flight)

    def acked(self, upto: int) -> "Outbox":
        """After a cumulative acknowledgement."""
        return Outbox(max(self.sent_upto, upto), tuple(last for last in self.in_flight if last > upto))

    def sent(self, packets: tuple[Packet, ...]) -> "Outbox":
        """After these packets were handed to the uplink."""
        lasts = tuple(packet.records[-1].seq for packet in packets)
        assert len(self.in_flight) + len(lasts) <= PACKETS_IN_FLIGHT_MAX
        return Outbox(max(self.sent_upto, *lasts), (*self.in_flight, *lasts)) if lasts else self


def packets(records: tuple[Record, ...], most: int) -> tuple[Packet, ...]:
    """Cut records into at most `most` packets of <= 16 records or 8 KiB; a larger record travels alone."""
    done: list[Packet] = []
    batch: list[Record] = []
    size = 0
    for record in records:
        bytes_needed = len(bytes(record.body)) + RECORD_OVERHEAD_BYTES
        if batch and (len(batch) == PACKET_RECORDS_MAX or size + bytes_needed > PACKET_BYTES_MAX):
            done.append(Packet(tuple(batch)))
            batch, size = [], 0
            if len(done) == most:
                return tuple(done)
        batch.append(record)
        size += bytes_needed
    if batch:
        done.append(Packet(tuple(batch)))
    return tuple(done[:most])
