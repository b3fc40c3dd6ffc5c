"""What a credential is, how it is proved, and where it is looked up. No signing keys here.

A document and its receipt, to a verdict:

```python
from datetime import UTC, datetime
from pathlib import Path
from registry import Trust, Verifier, digest, errors
from registry.chain import CredentialRegistry, connect
from registry.receipt import parse
from registry.verifier import NothingKnown

def judge(document: Path, receipt: Path, endpoint: str, trust: Trust) -> str:
    try:
        given = parse(receipt.read_bytes())
        contract = CredentialRegistry(connect(endpoint), given.anchor.contract)
    except errors.RegistryError as error:
        return f"{digest(document.read_bytes(), document.name).hex} cannot be judged: {error.what}"
    now, chain = datetime.now(UTC), given.anchor.chain
    verifier = Verifier(contract, chain=chain, known=NothingKnown(), trust=trust, now=now)
    return str(verifier.verify_bytes(document.read_bytes(), document.name, given).overall)
```

`verify` is the room of the checks themselves, which ask nobody: `verify.verify`. Every name is loaded when it is first
asked for, so that importing this package costs nothing.
"""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry import errors, verify
    from registry.credential.digest import Digest
    from registry.credential.digest import digest_bytes as digest
    from registry.receipt.model import Receipt
    from registry.verifier.verifier import Verifier
    from registry.verify.policy import Policy
    from registry.verify.verdict import Trust, Verdict
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "credential.digest": "Digest, digest_bytes as digest",
            "errors": "",
            "receipt.model": "Receipt",
            "verifier.verifier": "Verifier",
            "verify": "",
            "verify.policy": "Policy",
            "verify.verdict": "Trust, Verdict",
        },
    )

__all__ = ["Digest", "Policy", "Receipt", "Trust", "Verdict", "Verifier", "digest", "errors", "verify"]
