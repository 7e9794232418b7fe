package onvif

import (
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the WS-Security UsernameToken Profile fixes it
	"encoding/base64"
	"encoding/xml"
	"strings"
	"time"
)

// Namespaces of the services.
const (
	deviceNS = "http://www.onvif.org/ver10/device/wsdl"
	mediaNS  = "http://www.onvif.org/ver10/media/wsdl"
	wsse     = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	wsu      = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	passType = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
	nonceEnc = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)

// token returns a WS-Security username token (UsernameToken Profile 1.0): Base64(SHA-1(nonce +
// created + password)), created by the device's own clock.
func (c *Client) token() string {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	created := c.clock.Now().Wall.Time().Add(c.offset).UTC().Format(time.RFC3339)
	return `<wsse:Security xmlns:wsse="` + wsse + `" xmlns:wsu="` + wsu + `" s:mustUnderstand="1"><wsse:UsernameToken><wsse:Username>` + escape(c.user) +
		`</wsse:Username><wsse:Password Type="` + passType + `">` + Digest(nonce, created, c.password) +
		`</wsse:Password><wsse:Nonce EncodingType="` + nonceEnc + `">` + base64.StdEncoding.EncodeToString(nonce) +
		`</wsse:Nonce><wsu:Created>` + created + `</wsu:Created></wsse:UsernameToken></wsse:Security>`
}

// Digest returns the password of a username token.
func Digest(nonce []byte, created, password string) string {
	h := sha1.New() //nolint:gosec // see the import
	h.Write(nonce)
	h.Write([]byte(created + password))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
