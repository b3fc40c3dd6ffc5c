// What @blockcerts/cert-verifier-js says of files: {"files": {NAME: document}, "served": {URL: document}, "node": URL} on standard input,
// {NAME: {"status", "message", "failed"}} on standard output. The options are its own defaults; what it fetches is answered
// from `served`, and what it asks an explorer of the chain from the node, on loopback. Anything else is refused.
import {text} from 'node:stream/consumers';

const question = JSON.parse(await text(process.stdin));
const quiet = () => {};
const say = process.stdout.write.bind(process.stdout);
Object.assign(console, {log: quiet, error: quiet, warn: quiet});

const direct = globalThis.fetch;
const json = (content, status = 200) =>
  new Response(JSON.stringify(content), {status, headers: {'content-type': 'application/ld+json'}});

/** Etherscan's proxy module hands these on to a node as they are. */
async function explorer(url) {
  const action = url.searchParams.get('action');
  const params = {
    eth_getTransactionByHash: [url.searchParams.get('txhash')],
    eth_getBlockByNumber: [url.searchParams.get('tag'), true],
    eth_blockNumber: []
  }[action];
  const body = JSON.stringify({jsonrpc: '2.0', id: 1, method: action, params});
  const answer = await direct(question.node, {method: 'POST', headers: {'content-type': 'application/json'}, body});
  return json(await answer.json());
}

globalThis.fetch = async given => {
  const url = new URL(typeof given === 'string' ? given : given.url ?? given);
  if(url.hostname === 'api.etherscan.io') {
    return explorer(url);
  }
  const found = question.served[url.href] ?? question.served[decodeURIComponent(url.pathname.split('/').at(-1))];
  return found === undefined ? json({error: `not served: ${url.href}`}, 404) : json(found);
};

const {Certificate} = await import('@blockcerts/cert-verifier-js/dist/verifier-node/index.js');
const answers = {};
for(const [name, document] of Object.entries(question.files)) {
  const failed = [];
  try {
    const certificate = new Certificate(document);
    await certificate.init();
    const {status, message} = await certificate.verify(step => {
      if(step.status === 'failure') {
        failed.push(`${step.code}: ${step.errorMessage ?? step.label}`);
      }
    });
    answers[name] = {status, message, failed};
  } catch(error) {
    answers[name] = {status: 'thrown', message: String(error), failed};
  }
}
say(JSON.stringify(answers), () => process.exit(0));
