/**
 * Which bodies are accords: multilateral agreements (`registry/recognition/accords.py`).
 */

import { stateAt } from "./ledger.js";

/**
 * @typedef {import("./ledger.js").Kind} Kind
 * @typedef {import("./ledger.js").Ledger} Ledger
 */

/**
 * Whether a body has members: parties that recognise it and that it accredits to accredit, at a moment and by either record.
 * @param {Ledger} ledger
 * @param {number} body
 * @param {number} moment
 */
export function isAccord(ledger, body, moment) {
  const held = ledger.accreditations.filter((link) => Object.values(stateAt(link, moment)).includes("active"));
  const admitted = new Set(held.filter((link) => link.kind === "accredit-to-accredit" && link.body === body).map(({ holder }) => holder));
  return held.some((link) => link.kind === "recognise" && link.holder === body && admitted.has(link.body));
}
