"""How each command is typed: the examples at the foot of its help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "demo": ("testamur demo", "testamur demo --folder first --count 60"),
    "template new": ("testamur template new --kind bachelor --language de --second-language en",),
    "template check": ("testamur template check bachelor.toml",),
    "roster new": ("testamur roster new bachelor.toml -o graduates.xlsx", "testamur roster new bachelor.toml --csv"),
    "roster check": (
        "testamur roster check graduates.xlsx",
        "testamur roster check graduates.csv --template bachelor.toml --strict",
    ),
    "issue make": (
        "testamur issue make graduates.xlsx --by 'Ruth Abele'",
        "testamur issue make graduates.csv --strict",
    ),
    "issue preview": ("testamur issue preview ROOT -o preview.pdf",),
    "issue confirm": ("testamur issue confirm ROOT --by 'Jan Kaya' --wait", "testamur issue confirm ROOT --queue"),
    "issue discard": ("testamur issue discard ROOT",),
    "issue list": ("testamur issue list",),
    "issue status": ("testamur issue status ROOT", "testamur issue status --person s00042 --csv states.csv"),
    "issue export": (
        "testamur issue export ROOT -o wallets --as vc-jwt",
        "testamur issue export ROOT -o holders",
    ),
    "check": ("testamur check diplomas/", "testamur check diplomas.zip --issuer 1"),
    "anchor": ("testamur anchor diplomas/ --wait", "testamur anchor --resume"),
    "receipts": ("testamur receipts ROOT -o receipts", "testamur receipts ROOT -o holders --embed diplomas/"),
    "diplomas": (
        "testamur diplomas ROOT -o diplomas --verify-url https://uni.example/verify",
        "testamur diplomas holders/ -o badges --format png --badge badge.png",
    ),
    "deliver": (
        "testamur deliver ROOT -o letters --from registrar@university.example",
        "testamur deliver ROOT -o letters --mark-delivered",
    ),
    "digest": ("testamur digest diploma.json",),
    "verify": (
        "testamur verify diploma.json --chain https://rpc.example --trust 7",
        "testamur verify applications/ --policy policy.toml --csv verdicts.csv",
    ),
    "absent": ("testamur absent suspicious.json --issuer 7", "testamur absent suspicious.json --prove -o absent.json"),
    "present": (
        "testamur present diploma.sdjwt",
        "testamur present diploma.sdjwt --without result -o shown.sdjwt",
    ),
    "audit": ("testamur audit --report audit.html",),
    "revoke": (
        "testamur revoke diplomas/007.json --reason issued-in-error --dry-run",
        "testamur revoke --list withdrawn.txt --reason obtained-by-fraud",
        "testamur revoke --rows ROOT:3,7-9 --person s00042 --dry-run",
    ),
    "suspend": ("testamur suspend diplomas/007.json --reason under-review",),
    "reinstate": ("testamur reinstate diplomas/007.json --reason resolved",),
    "void": ("testamur void ROOT --reason issued-in-error --dry-run",),
    "supersede": ("testamur supersede old.json --by corrected.json --revoke",),
    "correct": ("testamur correct graduates.xlsx --dry-run", "testamur correct ROOT"),
    "issuer register": ("testamur issuer register --uri did:web:university.example",),
    "issuer show": ("testamur issuer show", "testamur issuer show 7"),
    "issuer operator": ("testamur issuer operator ADDRESS", "testamur issuer operator ADDRESS --remove"),
    "issuer transfer": ("testamur issuer transfer ADDRESS", "testamur issuer transfer --accept --issuer 7"),
    "issuer rotate": ("testamur issuer rotate --controller NEW --operator NEW --dry-run",),
    "issuer did": (
        "testamur issuer did --key issuer.pem",
        "testamur issuer did --key new.pem --retire key-1 --since 2026-03-01 --check",
    ),
    "issuer profile": ("testamur issuer profile --uri https://university.example/",),
    "issuer retire": ("testamur issuer retire --dry-run",),
    "issuer bare-roots": ("testamur issuer bare-roots on", "testamur issuer bare-roots off"),
    "issuer blockcerts-profile": ("testamur issuer blockcerts-profile -o site --sign-key credentials.pem",),
    "accredit offer": ("testamur accredit offer 7 --levels 6-7 --field 061 --until 2031-09-01",),
    "accredit accept": ("testamur accredit accept 12",),
    "accredit refuse": ("testamur accredit refuse 12",),
    "accredit suspend": ("testamur accredit suspend 12 --reason under-review",),
    "accredit reinstate": ("testamur accredit reinstate 12 --reason resolved",),
    "accredit withdraw": ("testamur accredit withdraw 12 --reason requirements-not-met --dry-run",),
    "accredit void": ("testamur accredit void 12 --reason obtained-by-fraud --dry-run",),
    "accredit show": ("testamur accredit show 12", "testamur accredit show 12 --at 2026-01-31"),
    "recognise": ("testamur recognise 3 --levels 6-8 --evidence agreement.pdf",),
    "body": ("testamur body 3", "testamur body 3 --at 2026-01-31"),
    "deploy": ("testamur deploy --chain https://rpc.example",),
    "status": ("testamur status",),
    "devnet": ("testamur devnet --port 8545",),
    "daemon": ("testamur daemon",),
    "serve": ("testamur serve", "testamur serve --port 8080 --no-index"),
    "page": ("testamur page -o site --page-settings page.toml", "testamur page --hash"),
    "index": ("testamur index", "testamur index --once"),
    "recover": ("testamur recover",),
    "account new": ("testamur account new operator.json",),
    "jobs list": ("testamur jobs list --state parked",),
    "jobs show": ("testamur jobs show ID",),
    "jobs retry": ("testamur jobs retry ID",),
    "jobs cancel": ("testamur jobs cancel ID",),
    "jobs park": ('testamur jobs park ID --why "waits for the dean"',),
    "key add": ("testamur key add --name admissions --issuer 7",),
    "key list": ("testamur key list",),
    "key revoke": ("testamur key revoke 3",),
    "trees push": ("testamur trees push",),
    "trees pull": ("testamur trees pull", "testamur trees pull /media/stick/trees"),
    "trees repair": ("testamur trees repair", "testamur trees repair ROOT --from receipts/"),
    "checkpoint key": (
        "testamur checkpoint key blocks.example -o blocks.key",
        "testamur checkpoint key ministry.example -o ministry.key --witness",
    ),
    "checkpoint create": ("testamur checkpoint create days.txt --key blocks.key",),
    "checkpoint sign": ("testamur checkpoint sign days.txt --key ministry.key --log blocks.pub",),
    "checkpoint merge": ("testamur checkpoint merge days.txt signed.txt --witnesses witnesses.txt",),
    "checkpoint verify": ("testamur checkpoint verify days.txt --witnesses witnesses.txt",),
}


def shown(name: str) -> str:
    """What stands below the help of the command with this name."""
    examples = EXAMPLES[name]
    return "\n".join(["Examples:" if examples[1:] else "Example:", *(f"$ {each}" for each in examples)])
