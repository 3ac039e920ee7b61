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

// selfSigned returns what a client and a server of secure.cpp have: a certificate of P-256, TLS 1.3, X25519 (and not what
// newer Gos add to it), AES-128-GCM, which is Go's own choice; nothing resumed, and so no tickets.
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
	curves := []tls.CurveID{tls.X25519}
	return &tls.Config{RootCAs: trusted, ServerName: "localhost", MinVersion: tls.VersionTLS13, CurvePreferences: curves},
		&tls.Config{Certificates: []tls.Certificate{own}, SessionTicketsDisabled: true}
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

func handshakes(to string, config *tls.Config, clients int, length time.Duration, out figures) {
	var count int64
	begin, before := time.Now(), cpuTime()
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
	out["handshake_us"] = inMicroseconds(time.Since(begin)) / float64(count)
	out["handshake_cpu_us"] = inMicroseconds(cpuTime()-before) / float64(count)
}

func mebibyte(to string, config *tls.Config, length time.Duration, out figures) {
	conn, err := tls.Dial("tcp", to, config)
	must(err)
	defer conn.Close()
	text := make([]byte, piece)
	begin, before := time.Now(), cpuTime()
	sent := 0
	for time.Since(begin) < length {
		_, err := conn.Write(text)
		must(err)
		sent += piece
	}
	mebibytes := float64(sent) / (1 << 20)
	out["mebibyte_us"] = inMicroseconds(time.Since(begin)) / mebibytes
	out["mebibyte_cpu_us"] = inMicroseconds(cpuTime()-before) / mebibytes
}

func inMicroseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// secure is secure.cpp.
func secure(seconds, clients int) figures {
	client, server := selfSigned()
	to := serveSecurely(server)
	length := time.Duration(seconds) * time.Second
	out := figures{}
	handshakes(to, client, clients, length, out)
	mebibyte(to, client, length, out)
	return out
}
