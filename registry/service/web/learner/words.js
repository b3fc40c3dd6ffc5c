/** What a learner's page says beside what all pages say, and what is said of portfolios in every program. */

import { saying } from "../browser/messages.js";

export const say = saying("learner");
export const sayOfPortfolio = saying("portfolio");
