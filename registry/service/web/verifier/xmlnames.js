// Written by scripts/build_verifier.py; `--check` says whether it is as the program has it.

const STARTS =
  "1s-m 2-u 2-1l 3-a 3-7 2-1g 2-1v a-z 4-1 5-t 1l-2g j-6 5h 2-2 2 2-j 2-17 2-6 4 2 2 2 2-h e-b 2-1t 2-b 2-z f-1g 3-1 3-1 4-r 3-7 3-1 1k-11 3 8-11 22-q 6-2 1b-p 7-9 13-1y 3-4 2-e 2-3 2 g-1 f3-1g 4 r-9 10-7 3-1 3-l 2-6 2 4-3 z-1 2-2 f-1 k-5 5-1 3-l 2-6 2-1 2-1 2-1 w-3 2 k-2 h-6 2 2-2 2-l 2-6 2-1 2-4 4 z 11-7 3-1 3-l 2-6 2-1 3-3 4 v-1 2-2 10-5 4-2 2-3 4-1 2 2-1 4-1 4-2 4-7 2-2 24-7 2-2 2-m 2-9 2-4 13-1 10-7 2-2 2-m 2-9 2-4 11 2-1 10-7 2-2 2-m 2-f 13-1 4g-19 2 2-1 d-5 1o-1 2 3-1 2 3 7-3 2-6 2-2 2 2 3-1 2-1 2 2-1 a 3-4 3g-7 2-w 8n-11 b-12 a 2-1 2-2 2 2-1 2-4 16 2 2 c 2 2 4-1 4 6-2 2 2 2 2 4-1 4-1 2 15 a 3 3-1 8-1 2 2-6 15 5 9 2dj-4b 5-2h 7-l 3-5 3-11 3-5 3-7 2 2 2 2-u 3-1g 2-6 2 4-2 2-6 4-3 3-5 5-c 6-2 2-6 8a 4-1 3 2a-2 2v9 q-8 o-2b d-2h b-13 5p0-g4l 2fv-8mb";
const OTHERS =
  "1j 9-m 2-u 2-1l 3-a 3-7 2-1g 2-1v a-z 4-1 5-t 1l-2g j-6 f-1 1b-1x r-1 11-4 2 2-j 2-17 2-6 4 2 2 2 2-h e-b 2-1t 2-b 2-z 2-3 a-1g 3-1 3-1 4-r 3-7 3-1 1k-11 3 8-11 b-g 2-m 2-2 2 2-1 2 c-q 6-2 1b-p 6-i e-9 7-1z 3-4 2-e 2-3 2-j 2-3 3-9 eg-2 2-1g 3-h 4-3 4-b 3-9 i-2 2-7 3-1 3-l 2-6 2 4-3 3 2-6 3-1 3-2 a 5-1 2-4 3-b h 3-5 5-1 3-l 2-6 2-1 2-1 2-1 3 2-4 5-1 3-2 c-3 2 8-e d-2 2-6 2 2-2 2-l 2-6 2-1 2-4 3-9 2-2 2-2 j 6-9 i-2 2-7 3-1 3-l 2-6 2-1 3-3 3-7 4-1 3-2 9-1 5-1 2-2 5-9 j-1 2-5 4-2 2-3 4-1 2 2-1 4-1 4-2 4-7 2-2 5-4 4-2 2-3 a g-8 i-2 2-7 2-2 2-m 2-9 2-4 5-6 2-2 2-3 8-1 a-1 5-9 j-1 2-7 2-2 2-m 2-9 2-4 5-6 2-2 2-3 8-1 8 2-1 5-9 j-1 2-7 2-2 2-m 2-f 5-5 3-2 2-3 a 9-1 5-9 42-19 2-a 6-e 2-9 14-1 2 3-1 2 3 7-3 2-6 2-2 2 2 3-1 2-1 2-9 2-2 3-4 2 2-5 3-9 1r-1 7-9 c 2 2 5-9 2-w 8-j 2-5 5-5 2 2-k 4-6 2 6f-11 b-12 a 2-1 2-2 2 2-1 2-4 16 2 2 c 2 2 4-1 4 6-2 2 2 2 2 4-1 4-1 2 15 a 3 3-1 8-1 2 2-6 15 5 9 2dj-4b 5-2h 7-l 3-5 3-11 3-5 3-7 2 2 2 2-u 3-1g 2-6 2 4-2 2-6 4-3 3-5 5-c 6-2 2-6 5w-c 5 1x 4-1 3 2a-2 2v7 2 q-e 2-4 c-2b 5-1 3-1 3-2h 2-2 7-13 5p0-g4l 2fv-8mb";

/** A character that a name in XML may begin with (XML 1.0, fourth edition), without the colon. */
export const NAME_START = ofClass(`A-Z_a-z${between(STARTS)}`);

/** A character of a name in XML. */
export const NAME = ofClass(`-.0-9A-Z_a-z${between(OTHERS)}`);

/**
 * The ranges of a list: how far each is from the end of the one before it, and how long, in base 36.
 * @param {string} steps
 */
function between(steps) {
  let end = 0x80;
  return steps
    .split(" ")
    .map((step) => {
      const [gap, size = 0] = step.split("-").map((digits) => parseInt(digits, 36));
      const start = end + gap;
      end = start + size;
      return `${String.fromCharCode(start)}-${String.fromCharCode(end)}`;
    })
    .join("");
}

/** @param {string} characters */
function ofClass(characters) {
  return new RegExp(`^[${characters}]`);
}
