package circleci

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// DefaultAPIURL is where CircleCI Cloud serves the Runner API.
//
// Source: https://circleci.com/docs/api/v2/, "Runner".
const DefaultAPIURL = "https://runner.circleci.com"

// BrowserAPIURL is where CircleCI Cloud serves the Runner API to a browser's session.
//
// Source: https://circleci.com/docs/api/v2/, "Runner".
const BrowserAPIURL = "https://circleci.com"

// APIVersion is a version of the Runner API, as it stands in the path: "v2" or "v3".
type APIVersion string

// The versions of the Runner API.
const (
	V2 APIVersion = "v2"
	V3 APIVersion = "v3"
)

// ParseAPIURL reads the origin of a Runner API, with an optional path prefix, and drops a trailing slash and a
// trailing /api/v2 or /api/v3 that agrees with version. A version of "" agrees with both.
//
// The error completes a sentence that starts with the URL's name. It never repeats the text, which may hold a
// password.
func ParseAPIURL(text string, version APIVersion) (*url.URL, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, errors.New("contains white space or a control character")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a valid URL")
	}
	if err := checkOrigin(u, text); err != nil {
		return nil, err
	}
	if err := normalizeHost(u); err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, errors.New("uses http, which would send the credential unencrypted and is allowed for loopback addresses only")
	}

	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	for _, v := range []APIVersion{V2, V3} {
		suffix := "/api/" + string(v)
		if !strings.HasSuffix(u.Path, suffix) {
			continue
		}
		if version != "" && v != version {
			return nil, fmt.Errorf("ends in %s, but api_version is %s", suffix, version)
		}
		u.Path = strings.TrimRight(strings.TrimSuffix(u.Path, suffix), "/")
		u.RawPath = strings.TrimRight(strings.TrimSuffix(u.RawPath, suffix), "/")
		break
	}
	return u, nil
}

func checkOrigin(u *url.URL, text string) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("is not an absolute http or https URL")
	case u.User != nil:
		return errors.New("contains user info (the part before the @)")
	case u.Hostname() == "":
		return errors.New("has no host")
	case u.RawQuery != "" || u.ForceQuery:
		return errors.New("has a query (the part from the ?)")
	case strings.Contains(text, "#"):
		return errors.New("has a fragment (the part from the #)")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("has a port that is not between 1 and 65535")
		}
	}
	return nil
}

// normalizeHost writes a URL's host in the one form in which hosts are compared and used: in lower-case ASCII, or as an IP
// address in its canonical form. The port stays.
func normalizeHost(u *url.URL) error {
	host := strings.ToLower(u.Hostname())
	if address, err := netip.ParseAddr(host); err == nil {
		host = address.String()
	} else if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return errors.New("has a host that is not a valid name")
		}
	}
	switch port := u.Port(); {
	case port != "":
		u.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		u.Host = "[" + host + "]"
	default:
		u.Host = host
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
