package circlecitest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// NewMemoryServer starts a Server whose connections are in memory: inside a bubble of testing/synctest, a test then has
// virtual time from end to end. Clients reach it with DialContext. The caller closes it.
func NewMemoryServer() *Server {
	s := newServer()
	s.UseMemory()
	s.Start()
	return s
}

// UseMemory makes an unstarted server one whose connections are in memory, as NewMemoryServer does.
func (s *Server) UseMemory() {
	_ = s.Listener.Close()
	memory := &memoryListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	s.DialContext = memory.dial
	s.Listener = &listener{Listener: memory, server: s}
}

// memoryListener accepts connections that dial makes.
type memoryListener struct {
	connections chan net.Conn
	once        sync.Once
	closed      chan struct{}
}

func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	reset := &atomic.Bool{}
	select {
	case l.connections <- &memoryConn{Conn: server, reset: reset}:
		return &memoryConn{Conn: client, reset: reset}, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: l.Addr(), Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is a loopback address, to which the client allows plain http.
func (*memoryListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// memoryConn is one end of a connection. Both ends know when it was reset.
type memoryConn struct {
	net.Conn
	reset *atomic.Bool
}

// abort closes the connection so that the other end sees a reset.
func (c *memoryConn) abort() {
	c.reset.Store(true)
	_ = c.Close()
}

func (c *memoryConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && c.reset.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

func (c *memoryConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil && c.reset.Load() {
		err = &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}
