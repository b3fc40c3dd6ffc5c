/**
 * Which links are one joint decision about several holders (`registry/recognition/joint.py`).
 */

import { ANY_PROGRAMME } from "./scope.js";

/**
 * @typedef {import("./ledger.js").Accreditation} Accreditation
 * @typedef {import("./ledger.js").Ledger} Ledger
 */

/**
 * The parties that hold a joint decision, the link's own holder among them, by the numbers of their links; none where it is
 * of one holder.
 *
 * They have accreditations by the same body, of the same kind, for the same one programme and the same period, on the same
 * evidence. A holder that never accepted is none, and neither is one whose link is void.
 * @param {Ledger} ledger
 * @param {Accreditation} link
 * @returns {number[]}
 */
export function jointHolders({ accreditations }, link) {
  if (link.kind === "recognise" || link.scope.programme === ANY_PROGRAMME || !/[^0]/.test(link.evidenceHash)) return [];
  const mark = markOf(link);
  const found = new Map([[link.holder, link.id]]);
  for (const each of accreditations) {
    if (!found.has(each.holder) && markOf(each) === mark && wasHeld(each)) found.set(each.holder, each.id);
  }
  return found.size > 1 ? [...found].sort(([, one], [, other]) => one - other).map(([holder]) => holder) : [];
}

/** @param {Accreditation} link */
function markOf({ body, kind, scope, evidenceHash, validFrom, validUntil }) {
  return [body, kind, scope.programme, evidenceHash, validFrom, validUntil].join();
}

/** @param {Accreditation} link */
function wasHeld({ changes }) {
  return changes.at(-1)?.state !== "void" && changes.some(({ state }) => state === "active");
}
