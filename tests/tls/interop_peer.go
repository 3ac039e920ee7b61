// Room: tests of tls. Go's crypto/tls in both roles, as interop_peer.cpp: serve DIR, and dial HOST:PORT DIR.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(dir string) {
	cert, err := tls.LoadX509KeyPair(dir+"/cert.pem", dir+"/key.pem")
	must(err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		must(err)
		go func() {
			io.Copy(conn, conn)
			conn.Close()
		}()
	}
}

func dial(address, dir string) {
	trusted := x509.NewCertPool()
	text, err := os.ReadFile(dir + "/ca.pem")
	must(err)
	trusted.AppendCertsFromPEM(text)
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: trusted})
	must(err)
	said, err := io.ReadAll(os.Stdin)
	must(err)
	go func() {
		_, err := conn.Write(said)
		must(err)
		must(conn.CloseWrite())
	}()
	heard, err := io.ReadAll(conn) // an end without close_notify is an error here
	must(err)
	os.Stdout.Write(heard)
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2])
	} else {
		dial(os.Args[2], os.Args[3])
	}
}
