"""What is sent of a frame: everything that changed, little else."""

import random

import pytest

from firmware.drivers.display.spans import WINDOW_BYTES, Box, changed_boxes, span_bytes

W, H = 320, 240
BLANK = bytes(W * H)


def painted(*boxes, value=7, on=BLANK):
    frame = bytearray(on)
    for left, top, right, bottom in boxes:
        for y in range(top, bottom):
            frame[y * W + left : y * W + right] = bytes([value]) * (right - left)
    return bytes(frame)


def restored(before, after, boxes):
    """`before` with the boxes of `after` copied over."""
    frame = bytearray(before)
    for box in boxes:
        for y in range(box.top, box.bottom):
            row = slice(y * W + box.left, y * W + box.right)
            frame[row] = after[row]
    return bytes(frame)


CASES = {
    "nothing": ([], []),
    "one dot": ([(5, 6, 6, 7)], [Box(5, 6, 6, 7)]),
    "two rows of a menu": ([(0, 96, 320, 144)], [Box(0, 96, 320, 144)]),
    "all": ([(0, 0, 320, 240)], [Box(0, 0, 320, 240)]),
    "time and operator of one bar": ([(8, 3, 40, 17), (250, 3, 310, 17)], [Box(8, 3, 40, 17), Box(250, 3, 310, 17)]),
    "letters side by side stay together": ([(8, 3, 14, 17), (17, 3, 23, 17)], [Box(8, 3, 23, 17)]),
    "a digit above a bar": ([(290, 50, 310, 76), (0, 76, 320, 100)], [Box(290, 50, 310, 76), Box(0, 76, 320, 100)]),
    "two rows apart": ([(0, 10, 320, 20), (0, 40, 320, 50)], [Box(0, 10, 320, 20), Box(0, 40, 320, 50)]),
    "last column": ([(319, 0, 320, 240)], [Box(319, 0, 320, 240)]),
}


@pytest.mark.parametrize("case", CASES)
def test_boxes(case):
    painted_boxes, wanted = CASES[case]
    after = painted(*painted_boxes)
    assert changed_boxes(BLANK, after, W) == wanted
    assert changed_boxes(after, BLANK, W) == wanted


@pytest.mark.parametrize("seed", range(60))
def test_the_boxes_restore_the_frame_do_not_overlap_and_cost_no_more_than_the_spans(seed):
    dice = random.Random(seed)

    def some_frame(on):
        boxes = []
        for _ in range(dice.randint(0, 6)):
            left, top = dice.randrange(W), dice.randrange(H)
            boxes.append((left, top, dice.randint(left + 1, W), dice.randint(top + 1, min(H, top + 40))))
        return painted(*boxes, value=dice.randrange(256), on=on)

    before = some_frame(BLANK)
    after = some_frame(before)
    boxes = changed_boxes(before, after, W)
    assert restored(before, after, boxes) == after
    covered = [(x, y) for box in boxes for y in range(box.top, box.bottom) for x in range(box.left, box.right)]
    assert len(covered) == len(set(covered))
    sent = sum(2 * box.pixels + WINDOW_BYTES for box in boxes)
    runs = sum(
        1 for y in range(H) if row(before, y) != row(after, y) and (y == 0 or row(before, y - 1) == row(after, y - 1))
    )
    assert sent <= span_bytes(before, after, W) + WINDOW_BYTES * runs


def row(frame, y):
    return frame[y * W : (y + 1) * W]
