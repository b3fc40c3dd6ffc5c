/**
 * The page as an app: it stays at hand without a network. In the form with files beside it, and only from a server. Where
 * several pages are in one place, the element of this script says which files are those of its own.
 */

{
  const { manifest = "manifest.webmanifest", worker: script = "sw.js", scope } = /** @type {HTMLElement} */ (document.currentScript).dataset;
  const worker = location.protocol === "file:" ? undefined : navigator.serviceWorker;
  if (worker) {
    const link = document.createElement("link");
    link.rel = "manifest";
    link.href = manifest;
    document.head.append(link);
    // The policy of the page lets nobody else name a script.
    const trusted = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("testamur-app", { createScriptURL: () => script });
    worker.register(trusted?.createScriptURL("") ?? script, scope ? { scope } : {}).catch(() => {
      // Then it needs the network, as any page.
    });
  }
}
