"""Tokens of a time-stamping authority (RFC 3161) over a seal, as docs/format.md has them, checked by openssl."""

import functools
import os
import re
import subprocess
import tempfile
from datetime import datetime, timezone

TYPE = "seal.timestamped"
MAX = 64 << 10


def openssl(*arguments):
    run = subprocess.run(["openssl", *arguments], capture_output=True, check=False)
    return run.stdout.decode("utf-8", "replace") if run.returncode == 0 else None


@functools.lru_cache(maxsize=64)  # the same token is asked for again, of each copy
def check(token, note, roots):
    """What a token says of a note, with the certificates of roots (a file) or, without any, with its own."""
    wrong = {"status": "wrong"}
    if len(token) > MAX:
        return wrong
    with tempfile.TemporaryDirectory() as folder:
        def put(name, data):
            path = os.path.join(folder, name)
            with open(path, "wb") as f:
                f.write(data)
            return path
        token, note, signer = put("token", token), put("note", note), os.path.join(folder, "signer")
        text = openssl("ts", "-reply", "-in", token, "-token_in", "-text")
        at = text and re.search(r"^Time stamp: (\w+ +\d+ \d+:\d+:\d+)(\.\d+)? (\d+) GMT$", text, re.M)
        if not at or "Hash Algorithm: sha256" not in text:
            return wrong
        moment = datetime.strptime(at[1] + " " + at[3], "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc)
        # Who signed, with what hash. The signature over what the token holds is looked at here too.
        if openssl("cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", token, "-signer", signer, "-out", os.devnull) is None:
            return wrong
        structure = openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", token) or ""
        _, _, signers = structure.partition("signerInfos:")
        hashes = re.findall(r"digestAlgorithm: *\n *algorithm: (\S+)", signers)
        if len(hashes) != 1 or hashes[0] not in ("sha256", "sha384", "sha512"):
            return wrong
        name = openssl("x509", "-in", signer, "-noout", "-subject", "-nameopt", "sep_multiline,utf8,lname") or ""
        common = re.search(r"^ *commonName=(.*)$", name, re.M)
        own = openssl("pkcs7", "-inform", "DER", "-in", token, "-print_certs")

        def leads_to(certificates):
            # A certificate that is given is believed, whether it is above others or not.
            return openssl("ts", "-verify", "-data", note, "-in", token, "-token_in", "-CAfile", certificates,
                           "-partial_chain", "-attime", str(int(moment.timestamp()))) is not None
        if not own or not leads_to(put("own", own.encode())):
            return wrong
        said = {"authority": common[1] if common else "", "at": moment.strftime("%Y-%m-%dT%H:%M:%S") + (at[2] or "") + "Z"}
        if not roots:
            return {"status": "not checked against a root", **said}
        return {"status": "trusted" if leads_to(roots) else "another authority", **said}
