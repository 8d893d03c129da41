package circlecitest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"time"
)

// CA is a private certificate authority (CA), trusted only by clients that are given its certificate.
type CA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	isExpired   bool
	// CertificatePEM is the CA's own certificate.
	CertificatePEM string
}

// NewCA creates a CA.
func NewCA() *CA {
	key := newKey()
	template := newTemplate("circlecitest CA")
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	certificate, err := x509.ParseCertificate(der)
	must(err)
	return &CA{certificate: certificate, key: key, CertificatePEM: encodePEM("CERTIFICATE", der)}
}

// Issue issues a certificate and its key, in PEM form, for a host name, an IP address or a client's name.
func (a *CA) Issue(name string) (certificatePEM, keyPEM string) {
	template := newTemplate(name)
	if a.isExpired {
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	key := newKey()
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	return encodePEM("CERTIFICATE", der), encodePEM("PRIVATE KEY", keyDER)
}

// Expired returns the CA as one that issues certificates that expired an hour ago.
func (a *CA) Expired() *CA {
	expired := *a
	expired.isExpired = true
	return &expired
}

// TLSConfig returns the TLS configuration of a server with a certificate for a host name or an IP address.
func (a *CA) TLSConfig(host string) *tls.Config {
	certificate, key := a.Issue(host)
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	must(err)
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// RequireClients makes a server accept only clients with a certificate of a CA.
func (s *Server) RequireClients(ca *CA) {
	s.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	s.TLS.ClientCAs = x509.NewCertPool()
	s.TLS.ClientCAs.AddCert(ca.certificate)
}

// NewTLSServer starts a Server on HTTPS with a certificate for host. The changes are made before it starts. The caller
// closes it.
func NewTLSServer(ca *CA, host string, changes ...func(*Server)) *Server {
	s := newServer()
	s.TLS = ca.TLSConfig(host)
	for _, change := range changes {
		change(s)
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // Failed handshakes are expected in tests.
	s.StartTLS()
	return s
}

func newTemplate(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	must(err)
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return key
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// must panics on errors that only a bug in this package or a lack of randomness can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
