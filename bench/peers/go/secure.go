package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const piece = 64 * 1024

// selfSigned returns what a client and a server of secure.cpp have: P-256, TLS 1.3, nothing resumed.
func selfSigned() (client, server *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	draft := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, draft, draft, &key.PublicKey, key)
	must(err)
	made, err := x509.ParseCertificate(der)
	must(err)
	trusted := x509.NewCertPool()
	trusted.AddCert(made)
	own := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return &tls.Config{RootCAs: trusted, ServerName: "localhost", MinVersion: tls.VersionTLS13},
		&tls.Config{Certificates: []tls.Certificate{own}}
}

// serveSecurely serves each connection until its client is gone.
func serveSecurely(config *tls.Config) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() {
		for {
			tcp, err := listener.Accept()
			must(err)
			go func() {
				conn := tls.Server(tcp, config)
				defer conn.Close()
				buf := make([]byte, piece)
				for {
					if _, err := conn.Read(buf); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func handshakes(to string, config *tls.Config, clients int, length time.Duration) float64 {
	var count int64
	begin := time.Now()
	var all sync.WaitGroup
	all.Add(clients)
	for i := 0; i < clients; i++ {
		go func() {
			defer all.Done()
			for time.Since(begin) < length {
				conn, err := tls.Dial("tcp", to, config)
				must(err)
				conn.Close()
				atomic.AddInt64(&count, 1)
			}
		}()
	}
	all.Wait()
	return float64(time.Since(begin).Nanoseconds()) / float64(count)
}

func mebibyte(to string, config *tls.Config, length time.Duration) float64 {
	conn, err := tls.Dial("tcp", to, config)
	must(err)
	defer conn.Close()
	text := make([]byte, piece)
	begin := time.Now()
	sent := 0
	for time.Since(begin) < length {
		_, err := conn.Write(text)
		must(err)
		sent += piece
	}
	return time.Since(begin).Seconds() * 1e6 * (1 << 20) / float64(sent)
}

// secure is secure.cpp.
func secure(seconds, clients int) figures {
	client, server := selfSigned()
	to := serveSecurely(server)
	length := time.Duration(seconds) * time.Second
	return figures{"handshake_ns": handshakes(to, client, clients, length), "mebibyte_us": mebibyte(to, client, length)}
}
