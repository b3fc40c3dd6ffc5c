/**
 * The page as an app: it stays at hand without a network. In the form with files beside it, and only from a server.
 */

{
  const named = { manifest: "manifest.webmanifest", worker: "sw.js" };
  const worker = location.protocol === "file:" ? undefined : navigator.serviceWorker;
  if (worker) {
    const link = document.createElement("link");
    link.rel = "manifest";
    link.href = named.manifest;
    document.head.append(link);
    // The policy of the page lets nobody else name a script.
    const trusted = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("testamur-app", { createScriptURL: () => named.worker });
    worker.register(trusted?.createScriptURL("") ?? named.worker).catch(() => {
      // Then it needs the network, as any page.
    });
  }
}
