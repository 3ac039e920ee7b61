package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
)

// Servers for echo.py and sockets.py: they announce themselves as all servers here do, and serve until they are ended.

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
