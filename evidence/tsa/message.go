package tsa

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // RFC 2634 names a certificate by its SHA-1; what is signed is hashed with SHA-256 or longer
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Object identifiers: what a token is and holds (RFC 5652, RFC 3161 2.4.2), the signed attributes that it
// must have (RFC 5652 11.1 and 11.2, RFC 2634 5.4, RFC 5035 5.4.1), hashes and signatures (RFC 5754, RFC 8419),
// and the one extension of a certificate that is looked at beside what crypto/x509 does (RFC 5280 4.2.1.12).
var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidEd25519       = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// hash is one that is accepted, and what signs with it.
type hash struct {
	oid        asn1.ObjectIdentifier
	is         crypto.Hash
	rsa, ecdsa x509.SignatureAlgorithm
	// What names a signature together with its hash.
	withRSA, withECDSA asn1.ObjectIdentifier
}

var hashes = []hash{
	{oidSHA256, crypto.SHA256, x509.SHA256WithRSA, x509.ECDSAWithSHA256, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
	{oidSHA384, crypto.SHA384, x509.SHA384WithRSA, x509.ECDSAWithSHA384, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}},
	{oidSHA512, crypto.SHA512, x509.SHA512WithRSA, x509.ECDSAWithSHA512, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}},
}

func hashOf(oid asn1.ObjectIdentifier) (hash, bool) {
	i := slices.IndexFunc(hashes, func(h hash) bool { return h.oid.Equal(oid) })
	if i < 0 {
		return hash{}, false
	}
	return hashes[i], true
}

func (h hash) sum(data []byte) []byte {
	w := h.is.New()
	w.Write(data)
	return w.Sum(nil)
}

// imprint, request, answer and tstInfo are those of RFC 3161, 2.4.
type imprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Hash      []byte
}

type request struct {
	Version      int
	Imprint      imprint
	Nonce        *big.Int `asn1:"optional"`
	Certificates bool     `asn1:"optional"`
}

// What an answer says if it holds a token.
const granted, grantedWithMods = 0, 1

type answer struct {
	Status struct {
		Status int
		Text   []asn1.RawValue `asn1:"optional"`
		Info   asn1.BitString  `asn1:"optional"`
	}
	Token asn1.RawValue `asn1:"optional"`
}

// failures are why an authority stamps nothing, by the bit that is set.
var failures = map[int]string{
	0: "it does not know the hash", 2: "it does not do that", 5: "the data has the wrong form", 14: "its time source is not available",
	15: "it does not have that policy", 16: "it does not know an extension", 17: "it lacks what was asked for", 25: "it is out of order",
}

func failure(info asn1.BitString) string {
	for i := range info.BitLength {
		if why, known := failures[i]; known && info.At(i) != 0 {
			return why
		}
	}
	return "it does not say why"
}

type tstInfo struct {
	Version  int
	Policy   asn1.ObjectIdentifier
	Imprint  imprint
	Serial   *big.Int
	Time     time.Time `asn1:"generalized"`
	Accuracy struct {
		Seconds int64 `asn1:"optional"`
		Millis  int64 `asn1:"tag:0,optional"`
		Micros  int64 `asn1:"tag:1,optional"`
	} `asn1:"optional"`
	Ordering   bool             `asn1:"optional"`
	Nonce      *big.Int         `asn1:"optional"`
	TSA        asn1.RawValue    `asn1:"tag:0,optional"`
	Extensions []pkix.Extension `asn1:"tag:1,optional"`
}

// contentInfo, signedData, signerInfo and attribute are those of RFC 5652.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Holds        contentInfo
	Certificates asn1.RawValue `asn1:"tag:0,optional"`
	CRLs         asn1.RawValue `asn1:"tag:1,optional"`
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version     int
	Certificate struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue `asn1:"tag:0,optional"`
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"tag:1,optional"`
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// message is a token that was read, and not yet checked.
type message struct {
	content      []byte // what was stamped, a tstInfo in DER
	certificates []*x509.Certificate
	signer       *x509.Certificate
	by           signerInfo
	attributes   []attribute
	signed       []byte // the attributes as they were signed
}

// whole reads one value that ends where der ends.
func whole(der []byte, into any) error { return wholeWith(der, into, "") }

func wholeWith(der []byte, into any, params string) error {
	rest, err := asn1.UnmarshalWithParams(der, into, params)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes after its end")
	}
	return err
}

func parse(token []byte) (*message, error) {
	bad := func(what string, err error) (*message, error) {
		return nil, fmt.Errorf("%w: %s: %w", ErrForm, what, err)
	}
	var c contentInfo
	if err := whole(token, &c); err != nil {
		return bad("no content", err)
	}
	var s signedData
	if !c.Type.Equal(oidSignedData) || whole(c.Content.Bytes, &s) != nil {
		return nil, fmt.Errorf("%w: no signed data", ErrForm)
	}
	if len(s.Signers) != 1 {
		return nil, fmt.Errorf("%w: %d signers, want one", ErrForm, len(s.Signers))
	}
	m := &message{by: s.Signers[0]}
	if !s.Holds.Type.Equal(oidTSTInfo) || whole(s.Holds.Content.Bytes, &m.content) != nil {
		return nil, fmt.Errorf("%w: it holds no time", ErrForm)
	}
	var err error
	if m.certificates, err = x509.ParseCertificates(s.Certificates.Bytes); err != nil {
		return bad("a certificate in it", err)
	}
	i := slices.IndexFunc(m.certificates, func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawIssuer, m.by.Certificate.Issuer.FullBytes) && c.SerialNumber.Cmp(m.by.Certificate.Serial) == 0
	})
	if i < 0 {
		return nil, fmt.Errorf("%w: the signer's certificate is not in it", ErrForm)
	}
	m.signer = m.certificates[i]
	if len(m.by.Signed.FullBytes) == 0 {
		return nil, fmt.Errorf("%w: no signed attributes", ErrForm)
	}
	// They are signed as the set that they are, not under the tag by which they stand here (RFC 5652, 5.4).
	const set = 0x31
	m.signed = bytes.Clone(m.by.Signed.FullBytes)
	m.signed[0] = set
	if err := wholeWith(m.signed, &m.attributes, "set"); err != nil {
		return bad("the signed attributes", err)
	}
	return m, nil
}

// attribute reads the one value of a signed attribute that stands there once.
func (m *message) attribute(oid asn1.ObjectIdentifier, into any) error {
	var found []asn1.RawValue
	for _, a := range m.attributes {
		if a.Type.Equal(oid) {
			found = append(found, a.Values...)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("%d signed attributes %v, want one", len(found), oid)
	}
	return whole(found[0].FullBytes, into)
}

// verify checks that the signer signed what the message holds, as a time, by the certificate that it names.
func (m *message) verify() error {
	h, known := hashOf(m.by.Digest.Algorithm)
	if !known {
		return fmt.Errorf("%w: signed with the hash %v; want SHA-256, SHA-384 or SHA-512", ErrForm, m.by.Digest.Algorithm)
	}
	var holds asn1.ObjectIdentifier
	if err := m.attribute(oidContentType, &holds); err != nil || !holds.Equal(oidTSTInfo) {
		return fmt.Errorf("%w: it is not signed as a time", ErrForm)
	}
	var digest []byte
	if err := m.attribute(oidMessageDigest, &digest); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if !bytes.Equal(digest, h.sum(m.content)) {
		return fmt.Errorf("%w: another time was signed", ErrSignature)
	}
	if err := m.named(); err != nil {
		return err
	}
	var by x509.SignatureAlgorithm
	switch oid := m.by.Algorithm.Algorithm; {
	case oid.Equal(oidRSA), oid.Equal(h.withRSA):
		by = h.rsa
	case oid.Equal(h.withECDSA):
		by = h.ecdsa
	case oid.Equal(oidEd25519):
		by = x509.PureEd25519
	default:
		return fmt.Errorf("%w: signed by %v; want RSA (PKCS #1 v1.5), ECDSA or Ed25519", ErrForm, oid)
	}
	if err := m.signer.CheckSignature(by, m.signed, m.by.Signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// named checks that the signed attributes name the signer's certificate: another one for the same key, with
// other rights, cannot be put in its place. The hash is SHA-256 where none is said, or SHA-1 in the older form.
func (m *message) named() error {
	var n struct {
		Certs []struct {
			Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
			Hash      []byte
			Issuer    asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	err := m.attribute(oidCertificateV2, &n)
	older := err != nil
	if older {
		err = m.attribute(oidCertificate, &n)
	}
	if err != nil || len(n.Certs) == 0 {
		return fmt.Errorf("%w: it does not name the certificate that it is signed by", ErrForm)
	}
	first := n.Certs[0]
	if first.Algorithm.Algorithm == nil {
		first.Algorithm.Algorithm = oidSHA256
	}
	var sum []byte
	if h, known := hashOf(first.Algorithm.Algorithm); older {
		s := sha1.Sum(m.signer.Raw) //nolint:gosec // as above
		sum = s[:]
	} else if known {
		sum = h.sum(m.signer.Raw)
	}
	if !bytes.Equal(sum, first.Hash) {
		return fmt.Errorf("%w: it names another certificate than the signer's", ErrForm)
	}
	return nil
}

// info returns what was stamped, and when.
func (m *message) info() (t tstInfo, err error) {
	if err := whole(m.content, &t); err != nil {
		return t, fmt.Errorf("%w: the time in it: %w", ErrForm, err)
	}
	critical := slices.ContainsFunc(t.Extensions, func(e pkix.Extension) bool { return e.Critical })
	if t.Version != 1 || critical {
		return t, fmt.Errorf("%w: the time in it has a version or an extension that is not known", ErrForm)
	}
	return t, nil
}
