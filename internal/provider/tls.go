package provider

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// tlsConfig returns the TLS configuration of the provider's attributes and of the environment.
func (m providerModel) tlsConfig(getenv func(string) string, diags *diag.Diagnostics) *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		//nolint:gosec // The user set it and is warned.
		InsecureSkipVerify: m.InsecureSkipVerify.ValueBool(),
	}
	if ca := lookup("ca_cert_pem", m.CACertPEM, getenv, "CIRCLECI_CA_CERT_PEM"); ca.isSet() {
		roots, err := withSystemRoots(ca)
		if err != nil {
			advice := "Give one or more certificates in PEM form, as file(\"ca.pem\") reads them."
			if ca.variable != "" {
				advice = "Set the variable to one or more certificates in PEM form, not to the name of a file."
			}
			ca.addError(diags, "Invalid CA certificates", sentence(err)+" "+advice)
		}
		config.RootCAs = roots
	}
	if certificate, key := m.clientCertificate(getenv); certificate.isSet() && key.isSet() {
		config.Certificates = loadClientCertificate(certificate, key, diags)
	}
	return config
}

// withSystemRoots adds certificates to those that the system trusts. Each block must be a certificate that can be read:
// a partial bundle would cause an error later that does not state the cause.
func withSystemRoots(ca setting) (*x509.CertPool, error) {
	certificates, err := parseCertificates(ca, false)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // A system without roots trusts only what is given.
	}
	for _, certificate := range certificates {
		roots.AddCert(certificate)
	}
	return roots, nil
}

// clientCertificate returns the certificate for mutual TLS and its key. Each has a source of its own: the certificate
// may be in the configuration and the key, which is a secret, in the environment.
func (m providerModel) clientCertificate(getenv func(string) string) (certificate, key setting) {
	return lookup("client_cert_pem", m.ClientCertPEM, getenv, "CIRCLECI_CLIENT_CERT_PEM"),
		lookup("client_key_pem", m.ClientKeyPEM, getenv, "CIRCLECI_CLIENT_KEY_PEM")
}

// checkClientCertificate rejects a client certificate without its key, and a key without its certificate.
func (m providerModel) checkClientCertificate(getenv func(string) string, diags *diag.Diagnostics) {
	const incomplete = "Incomplete mutual TLS configuration"
	switch certificate, key := m.clientCertificate(getenv); {
	case certificate.isSet() == key.isSet():
	case certificate.isSet():
		certificate.addError(diags, incomplete, certificate.name()+
			" is set without client_key_pem or CIRCLECI_CLIENT_KEY_PEM. Give both, or neither.")
	default:
		key.addError(diags, incomplete, key.name()+
			" is set without client_cert_pem or CIRCLECI_CLIENT_CERT_PEM. Give both, or neither.")
	}
}

func loadClientCertificate(certificate, key setting, diags *diag.Diagnostics) []tls.Certificate {
	if _, err := parseCertificates(certificate, true); err != nil {
		certificate.addError(diags, "Invalid client certificate", sentence(err)+
			" Give the certificate in PEM form, followed by its chain.")
		return nil
	}
	// The cause is left out of the message: it is about a private key.
	pair, err := tls.X509KeyPair([]byte(withoutBOM(certificate.value)), []byte(withoutBOM(key.value)))
	if err != nil {
		key.addError(diags, "Invalid client key", "The value of "+key.name()+
			" is not the unencrypted private key, in PEM form, of the certificate in "+certificate.name()+".")
		return nil
	}
	return []tls.Certificate{pair}
}

// withoutBOM removes byte order marks, which editors write at the start of a file.
func withoutBOM(text string) string { return strings.ReplaceAll(text, "\ufeff", "") }

// pemBoundary matches the first or the last line of a PEM block, even if it is indented or mistyped.
var pemBoundary = regexp.MustCompile(`(?im)^.*---[ \t]*(BEGIN|END)\b.*---.*$`)

// parsePEM returns the blocks of a setting. A block that cannot be decoded is an error: pem.Decode skips it silently.
func parsePEM(s setting) (blocks []*pem.Block, err error) {
	for text := []byte(withoutBOM(s.value)); pemBoundary.Match(text); {
		block, rest := pem.Decode(text)
		if decoded := text[:len(text)-len(rest)]; len(pemBoundary.FindAll(decoded, -1)) != 2 {
			return nil, fmt.Errorf("certificate %d of %s is not in PEM form: a line of it is missing, mistyped or indented",
				len(blocks)+1, s.name())
		}
		blocks, text = append(blocks, block), rest
	}
	return blocks, nil
}

// parseCertificates returns the certificates of a setting, at least one. Other blocks are an error unless allowed.
func parseCertificates(s setting, allowOthers bool) (certificates []*x509.Certificate, err error) {
	blocks, err := parsePEM(s)
	if err != nil {
		return nil, err
	}
	for i, block := range blocks {
		switch certificate, err := x509.ParseCertificate(block.Bytes); {
		case block.Type != "CERTIFICATE" && allowOthers:
		case block.Type != "CERTIFICATE":
			return nil, fmt.Errorf("block %d of %s is not a certificate", i+1, s.name())
		case err != nil:
			return nil, fmt.Errorf("certificate %d of %s cannot be read", i+1, s.name())
		default:
			certificates = append(certificates, certificate)
		}
	}
	if len(certificates) == 0 {
		return nil, fmt.Errorf("the value of %s contains no certificate in PEM form", s.name())
	}
	return certificates, nil
}
