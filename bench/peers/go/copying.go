package main

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

func listenForOne() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	return listener
}

func acceptOne(listener net.Listener) *net.TCPConn {
	conn, err := listener.Accept()
	must(err)
	return conn.(*net.TCPConn)
}

func portOf(listener net.Listener) string {
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// copying is copying.cpp, by io.Copy, which splices between TCP connections, too.
func copying(mib, message int) figures {
	in, out := listenForOne(), listenForOne()
	self, err := os.Executable()
	must(err)
	load := exec.Command(filepath.Join(filepath.Dir(self), "copy_load"), portOf(in), portOf(out),
		strconv.Itoa(mib), strconv.Itoa(message))
	load.Stderr = os.Stderr
	must(load.Start())
	from, to := acceptOne(in), acceptOne(out)
	begin, before := time.Now(), cpuTime()
	_, err = io.Copy(to, from)
	must(err)
	must(to.CloseWrite())
	cpu, took := cpuTime()-before, time.Since(begin)
	must(load.Wait())
	return figures{
		"us_per_mib":     float64(took.Nanoseconds()) / 1e3 / float64(mib),
		"cpu_us_per_mib": float64(cpu.Nanoseconds()) / 1e3 / float64(mib),
	}
}
