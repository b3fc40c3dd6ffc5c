/**
 * Keeps the files of the page, each as it was made, for when their server cannot be reached. Before this stand
 * `FILES`, names and SHA-256, and `STORE`, under which they are kept. Whatever else the page asks for, endpoints before all, does not pass through here.
 */

{
  const here = /** @type {any} */ (globalThis);
  /** @type {Readonly<Record<string, string>>} */
  const hashes = here.FILES;
  const own = new Map(Object.entries(hashes).map(([name, hash]) => [address(name), hash]));
  const kept = `${here.STORE}-${[...own.values()].map((hash) => hash.slice(0, 8)).join("-")}`;

  here.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keep().then(() => here.skipWaiting())));
  here.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(forgetOthers()));
  here.addEventListener("fetch", (/** @type {any} */ event) => {
    const { method, url } = event.request;
    const asked = url.split("#")[0];
    // The server comes first, so that a newer page is seen at once.
    if (method === "GET" && own.has(asked)) event.respondWith(fetch(event.request).catch(async () => (await (await caches.open(kept)).match(asked, { ignoreVary: true })) ?? Response.error()));
  });

  /** @param {string} name */
  function address(name) {
    return new URL(name, here.registration.scope).href;
  }

  /** Nothing is kept where one of them is not as it was made. */
  async function keep() {
    const store = await caches.open(kept);
    for (const [url, hash] of own) {
      const answer = await fetch(url, { cache: "no-store", credentials: "omit" });
      const content = await answer.arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
      if ([...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") !== hash) {
        await caches.delete(kept);
        throw new Error(`${url} is not as it was made`);
      }
      // Not the answer itself: one that was led here from elsewhere is no answer to who opens this address.
      await store.put(url, new Response(content, { headers: answer.headers }));
    }
  }

  async function forgetOthers() {
    for (const name of await caches.keys()) if (name.startsWith(`${here.STORE}-`) && name !== kept) await caches.delete(name);
  }
}
