package circleci

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// errSurplusBytes is a connection on which a server sent more than its responses.
var errSurplusBytes = errors.New("the server sent more than its response, so the connection cannot be used again")

// conn is a connection of HTTP/1.1 that knows what net/http keeps to itself: whether it has ended, and whether bytes came
// between two responses. net/http reuses a connection before it reads such bytes, and would take them for the response
// to the next request.
type conn struct {
	net.Conn

	mu      sync.Mutex
	changed sync.Cond
	// isReading is true while a Read waits. Then all that came before has been taken: nothing is in a buffer above.
	isReading, isClosed, isEnded bool
	// isClaimed is true from the choice of the connection for a request to the first Write. What comes in between belongs
	// to no request, which isDesynchronized reports.
	isClaimed, isDesynchronized bool
}

func newConn(c net.Conn) *conn {
	wrapped := &conn{Conn: c}
	wrapped.changed.L = &wrapped.mu
	return wrapped
}

func (c *conn) Read(p []byte) (int, error) {
	c.update(func() { c.isReading = true })
	n, err := c.Conn.Read(p)
	c.update(func() {
		c.isReading = false
		c.isEnded = c.isEnded || errors.Is(err, io.EOF)
		c.isDesynchronized = c.isDesynchronized || c.isClaimed && n > 0
	})
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	c.update(func() { c.isClaimed = false })
	if c.hasSurplusBytes() {
		return 0, errSurplusBytes // On a kept connection, net/http sends the request on another one.
	}
	return c.Conn.Write(p)
}

func (c *conn) Close() error {
	c.update(func() { c.isClosed = true })
	return c.Conn.Close()
}

func (c *conn) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.changed.Broadcast()
}

// claim waits until the connection is silent, or closed because it was not.
func (c *conn) claim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.isReading && !c.isClosed {
		c.changed.Wait()
	}
	c.isClaimed = true
}

func (c *conn) hasSurplusBytes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isDesynchronized
}

func (c *conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isEnded
}

// traceConn returns a trace that remembers the connection of the latest request in used. It is a conn that nothing
// happens on for HTTP/2, whose frames say which request they belong to.
func traceConn(used **conn) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		*used = newConn(nil)
		_ = info.Conn.SetDeadline(time.Time{}) // The request has one of its own.
		for c := info.Conn; ; {
			switch under := c.(type) {
			case *tls.Conn:
				if under.ConnectionState().NegotiatedProtocol == "h2" {
					return
				}
				c = under.NetConn()
				continue
			case *conn:
				if *used = under; info.Reused {
					under.claim()
				}
			}
			return
		}
	}}
}
