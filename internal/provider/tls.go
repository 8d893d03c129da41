package provider

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// tlsConfig returns the TLS configuration of the provider's attributes and of the environment. It ignores unknown values.
func (m providerModel) tlsConfig(getenv func(string) string, diags *diag.Diagnostics) *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		//nolint:gosec // The user set it and is warned.
		InsecureSkipVerify: m.InsecureSkipVerify.ValueBool(),
	}
	if ca := lookup("ca_cert_pem", m.CACertPEM, getenv, caCertPEMVariables); ca.isSet() {
		roots, err := withSystemRoots(ca.value)
		if err != nil {
			ca.addError(diags, "Invalid CA certificates", "The value of "+ca.name()+" "+err.Error()+
				". Give one or more certificates in PEM form, as file(\"ca.pem\") reads them.")
		}
		config.RootCAs = roots
	}
	m.addClientCertificate(config, getenv, diags)
	return config
}

// withSystemRoots adds certificates to those that the system trusts. Each block must be a certificate that can be read:
// a partial bundle would cause an error later that does not state the cause.
func withSystemRoots(bundle string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // A system without roots trusts only what is given.
	}
	found := false
	for rest := []byte(bundle); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("contains a block that is not a certificate")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("contains a certificate that cannot be read")
		}
		roots.AddCert(certificate)
		found = true
	}
	if !found {
		return nil, errors.New("contains no certificate in PEM form")
	}
	return roots, nil
}

// addClientCertificate sets up mutual TLS. The certificate and its key go together only, but each has a source of its own: the
// certificate may be in the configuration and the key, which is a secret, in the environment.
func (m providerModel) addClientCertificate(config *tls.Config, getenv func(string) string, diags *diag.Diagnostics) {
	certificate := lookup("client_cert_pem", m.ClientCertPEM, getenv, clientCertPEMVariables)
	key := lookup("client_key_pem", m.ClientKeyPEM, getenv, clientKeyPEMVariables)
	if !certificate.isSet() || !key.isSet() {
		if getenv == nil { // The other may still come from the environment.
			return
		}
		const incomplete = "Incomplete mutual TLS configuration"
		switch {
		case certificate.isSet():
			certificate.addError(diags, incomplete, certificate.name()+
				" is set without client_key_pem or CIRCLECI_CLIENT_KEY_PEM. Give both, or neither.")
		case key.isSet():
			key.addError(diags, incomplete, key.name()+
				" is set without client_cert_pem or CIRCLECI_CLIENT_CERT_PEM. Give both, or neither.")
		}
		return
	}
	if block, _ := pem.Decode([]byte(certificate.value)); block == nil || block.Type != "CERTIFICATE" {
		certificate.addError(diags, "Invalid client certificate", "The value of "+certificate.name()+
			" contains no certificate in PEM form. Give the certificate, and its chain behind it.")
		return
	}
	// The cause is left out of the message: it is about a private key.
	pair, err := tls.X509KeyPair([]byte(certificate.value), []byte(key.value))
	if err != nil {
		key.addError(diags, "Invalid client key", "The value of "+key.name()+
			" is not the unencrypted private key, in PEM form, of the certificate in "+certificate.name()+".")
		return
	}
	config.Certificates = []tls.Certificate{pair}
}
