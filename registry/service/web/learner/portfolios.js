/**
 * What portfolios say of themselves, as elements of the page: the word of whoever made them, and nobody else's.
 */

import { box, element } from "../browser/elements.js";
import { language } from "../browser/messages.js";
import { hasEnded } from "../verifier/portfolio.js";
import { marked } from "../verifier/text.js";
import { say, sayOfPortfolio } from "./words.js";

/** @typedef {import("../verifier/portfolio.js").Portfolio} Portfolio */

const LONGEST = 200;

/**
 * @param {readonly Portfolio[]} portfolios
 * @param {Date} at
 * @returns {Node[]}
 */
export function portfoliosTold(portfolios, at) {
  const now = at.getTime() / 1000;
  return portfolios.map(({ name, holder, madeAt, partial, share }) => {
    const moment = (/** @type {number} */ when) => language().moment(when);
    const until = share?.until ?? null;
    const rows = [
      [say("portfolioName"), name],
      [say("portfolioHolder"), holder],
      [say("portfolioMade"), moment(madeAt)],
      [sayOfPortfolio("purpose"), share?.purpose ?? ""],
      [sayOfPortfolio("audience"), share?.audience ?? ""],
      [sayOfPortfolio("agreedAt"), share ? moment(share.agreedAt) : ""],
      [sayOfPortfolio("until"), until === null ? "" : moment(until)],
    ].filter(([, value]) => value);
    const ended = share && hasEnded(share, now);
    return box(
      ended ? "outcome unsure" : "about",
      element("p", sayOfPortfolio("ownWord")),
      ...(partial || share?.leftOut ? [element("p", sayOfPortfolio("selection"))] : []),
      ...(share?.leftOut ? [element("p", sayOfPortfolio("leftOut", { count: share.leftOut }))] : []),
      ...(ended ? [element("p", element("strong", sayOfPortfolio("ended")))] : []),
      element("dl", ...rows.map(([label, value]) => element("div", element("dt", label), element("dd", element("bdi", marked(value, LONGEST)))))),
    );
  });
}
