package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"
)

// Servers for echo.py, http.py and sockets.py: they announce themselves as all servers here do, and serve until they are ended.

func serveUDP() figures {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(err)
	must(conn.SetReadBuffer(4 << 20))
	fmt.Printf("listening on 127.0.0.1:%d\n", conn.LocalAddr().(*net.UDPAddr).Port)
	buf := make([]byte, 4096)
	for {
		var n int
		var from netip.AddrPort // without an allocation for each
		n, from, err = conn.ReadFromUDPAddrPort(buf)
		must(err)
		_, err = conn.WriteToUDPAddrPort(buf[:n], from)
		must(err)
	}
}

func serveTCP() figures {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(err)
	fmt.Printf("listening on %s\n", listener.Addr())
	for {
		conn, err := listener.Accept()
		must(err)
		go converse(conn)
	}
}

// The server of examples/http.cpp: the same answer to GET /, the same limits and deadlines.
func serveHTTP() figures {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(err)
	fmt.Printf("listening on %s\n", listener.Addr())
	server := http.Server{
		Handler:        http.HandlerFunc(answer),
		IdleTimeout:    30 * time.Second,
		ReadTimeout:    30 * time.Second,
		MaxHeaderBytes: 8 << 10,
	}
	must(server.Serve(listener))
	return nil
}

func answer(to http.ResponseWriter, asked *http.Request) {
	to.Header()["Date"] = nil // the others give none, and each byte is compared
	to.Header().Set("Content-Type", "text/plain")
	switch {
	case asked.URL.Path != "/":
		to.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(to, "no such page\n")
	case asked.Method != http.MethodGet && asked.Method != http.MethodHead:
		to.Header().Set("Allow", "GET, HEAD")
		to.WriteHeader(http.StatusMethodNotAllowed)
		_, _ = io.WriteString(to, "only GET and HEAD\n")
	default:
		_, _ = io.WriteString(to, "hello from a fiber\n")
	}
}

func serveUnix() figures {
	number := os.Getpid()
	listener, err := net.Listen("unix", fmt.Sprintf("@weft-bench-%d", number))
	must(err)
	fmt.Printf("listening on 127.0.0.1:%d\n", number)
	for {
		conn, err := listener.Accept()
		must(err)
		go converse(conn)
	}
}
