package provider

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// tlsConfig returns the TLS configuration of the provider's attributes. It ignores unknown values.
func (m providerModel) tlsConfig(diags *diag.Diagnostics) *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		//nolint:gosec // The user set it and is warned.
		InsecureSkipVerify: m.InsecureSkipVerify.ValueBool(),
	}
	if isKnown(m.CACertPEM) {
		roots, err := withSystemRoots(m.CACertPEM.ValueString())
		if err != nil {
			diags.AddAttributeError(path.Root("ca_cert_pem"), "Invalid CA certificates", "The value of ca_cert_pem "+err.Error()+
				". Give one or more certificates in PEM form, as file(\"ca.pem\") reads them.")
		}
		config.RootCAs = roots
	}
	m.addClientCertificate(config, diags)
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
			return nil, errors.New("holds a block that is not a certificate")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("holds a certificate that cannot be read")
		}
		roots.AddCert(certificate)
		found = true
	}
	if !found {
		return nil, errors.New("holds no certificate in PEM form")
	}
	return roots, nil
}

// addClientCertificate sets up mutual TLS. The certificate and its key go together only.
func (m providerModel) addClientCertificate(config *tls.Config, diags *diag.Diagnostics) {
	certificate, key := m.ClientCertPEM, m.ClientKeyPEM
	for _, lone := range []struct {
		given, missing       types.String
		givenName, otherName string
	}{
		{certificate, key, "client_cert_pem", "client_key_pem"},
		{key, certificate, "client_key_pem", "client_cert_pem"},
	} {
		if isKnown(lone.given) && lone.missing.IsNull() {
			diags.AddAttributeError(path.Root(lone.givenName), "Incomplete mutual TLS configuration",
				lone.givenName+" is set without "+lone.otherName+". Give both, or neither.")
			return
		}
	}
	if !isKnown(certificate) || !isKnown(key) {
		return
	}
	if block, _ := pem.Decode([]byte(certificate.ValueString())); block == nil || block.Type != "CERTIFICATE" {
		diags.AddAttributeError(path.Root("client_cert_pem"), "Invalid client certificate",
			"The value of client_cert_pem holds no certificate in PEM form. Give the certificate, and its chain behind it.")
		return
	}
	// The cause is left out of the message: it is about a private key.
	pair, err := tls.X509KeyPair([]byte(certificate.ValueString()), []byte(key.ValueString()))
	if err != nil {
		diags.AddAttributeError(path.Root("client_key_pem"), "Invalid client key",
			"The value of client_key_pem is not the unencrypted private key, in PEM form, of the certificate in client_cert_pem.")
		return
	}
	config.Certificates = []tls.Certificate{pair}
}

func isKnown(value types.String) bool { return !value.IsNull() && !value.IsUnknown() }
