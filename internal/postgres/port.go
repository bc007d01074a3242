package postgres

import (
	"fmt"
	"net"
	"strconv"
)

// freePort returns a port that no program listens on at localhost, neither over IPv4
// nor over IPv6. It may be taken by the time it is used.
func freePort() (int, error) {
	for range 50 {
		l, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if portFree(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("find a free port: none of 50 is free on every address of localhost")
}

// portFree looks at every address that localhost stands for: a machine without
// IPv6 may name ::1, which no program can listen on and which then does not count.
func portFree(port int) bool {
	any := false
	for _, addr := range localAddresses() {
		l, err := net.Listen("tcp", net.JoinHostPort(addr, strconv.Itoa(port)))
		if err == nil {
			l.Close()
			any = true
			continue
		}
		if listenable(addr) {
			return false
		}
	}
	return any
}

func listenable(addr string) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// localAddresses is what localhost resolves to, in the order in which programs
// try it, and the usual two where it does not resolve.
func localAddresses() []string {
	addrs, err := net.LookupHost("localhost")
	if err != nil || len(addrs) == 0 {
		return []string{"127.0.0.1", "::1"}
	}
	return addrs
}
