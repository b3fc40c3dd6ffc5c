/**
 * A record of what was checked, to keep. Nobody signs it, and it says so; it holds nothing of a document but the verdict.
 */

import { verdictJson } from "../verifier/verdict.js";
import { writeTimestamp } from "../verifier/timestamps.js";
import { say } from "./messages.js";

/**
 * @typedef {import("../verifier/verdict.js").Verdict} Verdict
 * @typedef {import("./settings.js").Chosen} Chosen
 *
 * @typedef {object} Checked
 * @property {Date} at
 * @property {Chosen} by whom was asked, and whom the user trusts.
 * @property {string} program SHA-256 of the page's program.
 */

/**
 * @param {readonly Verdict[]} verdicts
 * @param {Checked} checked
 * @returns {string} JSON.
 */
export function recordOf(verdicts, { at, by, program }) {
  const { chain, contract, endpoints, quorum, issuers, bodies, country, accords, conditions, programmes, registers, witnesses, validators } = by;
  const content = {
    type: "TestamurCheckRecord",
    version: 1,
    signedBy: null,
    note: say("recordNote"),
    checkedAt: writeTimestamp(Math.floor(at.getTime() / 1000)),
    program,
    settings: {
      chain,
      contract,
      // The rest of an endpoint's address may hold a key.
      endpoints: endpoints.map((url) => new URL(url).origin),
      quorum,
      issuers: [...issuers],
      bodies: [...bodies],
      country,
      accords: [...accords],
      conditions,
      programmes,
      registers,
      witnesses,
      validators: [...validators],
    },
    verdicts: verdicts.map(verdictJson),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}
