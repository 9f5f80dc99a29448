"""Runs a certificate authority for a test."""

import pathlib
import subprocess
import time

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """A certificate authority; `ca` is its root, a PEM file in `folder`."""

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.ca = self.folder / f"{name}.pem"
        self._openssl("req", "-x509", *CURVE, "-keyout", f"{name}.key", "-out",
                      self.ca.name, "-days", "2", "-subj", f"/CN={name}",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=self.folder,
                       capture_output=True)

    def issue(self, name, *names, days=2, since=None, until=None):
        """Creates a certificate for `names`, as "DNS:a.example", and its key;
        returns their paths. With `days` 0 it is expired at once. It is valid
        from `since` (default: now) to `until`, in seconds since 1970."""
        (self.folder / f"{name}.ext").write_text(
            f"subjectAltName={','.join(names)}\n"
            "extendedKeyUsage=serverAuth,clientAuth\n"
            # Python 3.13 requires these in a strict check.
            "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
            encoding="ascii")
        self._openssl("req", *CURVE, "-keyout", f"{name}.key", "-out",
                      f"{name}.csr", "-subj", f"/CN={name}")
        if until is not None:
            self._sign_until(name, since or time.time(), until)
            return self.folder / f"{name}.pem", self.folder / f"{name}.key"
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", self.ca.name,
                      "-CAkey", f"{self.name}.key", "-CAcreateserial", "-out",
                      f"{name}.pem", "-days", str(days), "-extfile",
                      f"{name}.ext")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def _sign_until(self, name, since, until):
        (self.folder / "index").touch()
        (self.folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index\nnew_certs_dir=.\n"
            "default_md=sha256\nunique_subject=no\npolicy=any\nserial=serial\n"
            "[any]\ncommonName=supplied\n", encoding="ascii")
        self._openssl("ca", "-batch", "-notext", "-create_serial", "-config",
                      "ca.conf", "-cert", self.ca.name, "-keyfile",
                      f"{self.name}.key", "-in", f"{name}.csr", "-out",
                      f"{name}.pem", "-extfile", f"{name}.ext",
                      *(part for option, date in (("-startdate", since), ("-enddate", until))
                        for part in (option, time.strftime("%Y%m%d%H%M%SZ", time.gmtime(date)))))
