package circlecitest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Proxy is an HTTP proxy on loopback that connects every CONNECT, whatever its target, to one Server. A test can thus
// use a host name that is not loopback, for which Go would bypass the proxy, without reaching another machine.
type Proxy struct {
	*httptest.Server

	target             string
	username, password string
	mu                 sync.Mutex
	connects           []string
}

// NewProxy starts a Proxy for target. It requires a user name and password if username is not empty. The
// caller closes it.
func NewProxy(target *Server, username, password string) *Proxy {
	p := &Proxy{target: target.Listener.Addr().String(), username: username, password: password}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	return p
}

// Connects returns the targets of the CONNECT requests, as host:port.
func (p *Proxy) Connects() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.connects...)
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "this proxy supports CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	if p.username != "" && !p.authorized(r) {
		w.Header().Set("Proxy-Authenticate", "Basic")
		http.Error(w, "proxy authentication required", http.StatusProxyAuthRequired)
		return
	}
	p.mu.Lock()
	p.connects = append(p.connects, r.Host)
	p.mu.Unlock()

	server, err := net.Dial("tcp", p.target)
	if err != nil {
		http.Error(w, "the target is down", http.StatusBadGateway)
		return
	}
	client, _, err := http.NewResponseController(w).Hijack()
	must(err)
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go pipe(server, client)
	pipe(client, server)
}

func (p *Proxy) authorized(r *http.Request) bool {
	given := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	username, password, _ := given.BasicAuth()
	return username == p.username && password == p.password
}

// pipe copies until one side is closed, and then closes the other.
func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}
