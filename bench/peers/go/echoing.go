package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

func converse(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

// startServer is echoing.hpp's.
func startServer() net.Addr {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go func() {
		for {
			conn, err := listener.Accept()
			must(err)
			go converse(conn)
		}
	}()
	return listener.Addr()
}

type latencies struct {
	P50Us    float64 `json:"p50_us"`
	P99Us    float64 `json:"p99_us"`
	Requests float64 `json:"requests_per_s"`
}

// load is what load measures, which stands beside this program.
func load(server net.Addr, connections, seconds int) (seen latencies) {
	self, err := os.Executable()
	must(err)
	command := exec.Command(filepath.Join(filepath.Dir(self), "load"),
		strconv.Itoa(server.(*net.TCPAddr).Port), strconv.Itoa(connections), strconv.Itoa(seconds))
	command.Stderr = os.Stderr
	out, err := command.Output()
	must(err)
	must(json.Unmarshal(out, &seen))
	return seen
}

// echoBesideHogs is hogs.cpp with connections.
func echoBesideHogs(hogs, seconds, connections int) figures {
	server := startServer()
	end := time.Now().Add(time.Duration(seconds+1) * time.Second)
	var computing sync.WaitGroup
	computing.Add(hogs)
	for i := 0; i < hogs; i++ {
		go func() {
			computeUntil(end)
			computing.Done()
		}()
	}
	seen := load(server, connections, seconds)
	computing.Wait()
	return figures{"echo_p50_us": seen.P50Us, "echo_p99_us": seen.P99Us, "requests_per_s": seen.Requests}
}

// blockMany is storm.cpp's: the pipes are in blocking mode and read by system calls that Go's poller does not know of.
func blockMany(count int, length time.Duration) {
	pipes := make([][2]int, count)
	for i := range pipes {
		must(syscall.Pipe2(pipes[i][:], syscall.O_CLOEXEC))
	}
	time.Sleep(300 * time.Millisecond)
	begin := time.Now()
	var ended sync.WaitGroup
	ended.Add(count)
	for i := range pipes {
		go func(from int) {
			_, err := syscall.Read(from, make([]byte, 1))
			must(err)
			ended.Done()
		}(pipes[i][0])
	}
	for i := range pipes {
		time.Sleep(time.Until(begin.Add(length/2 + length*time.Duration(i)/time.Duration(3*count))))
		_, err := syscall.Write(pipes[i][1], []byte{'x'})
		must(err)
	}
	ended.Wait()
	for _, each := range pipes {
		must(syscall.Close(each[0]))
		must(syscall.Close(each[1]))
	}
}

// storm is storm.cpp.
func storm(count, seconds, connections int) figures {
	server := startServer()
	alone := load(server, connections, seconds)
	over := make(chan bool)
	go func() {
		blockMany(count, time.Duration(seconds)*time.Second)
		over <- true
	}()
	beside := load(server, connections, seconds)
	<-over
	return figures{
		"alone_p50_us":  alone.P50Us,
		"alone_p99_us":  alone.P99Us,
		"beside_p50_us": beside.P50Us,
		"beside_p99_us": beside.P99Us,
		"p99_ratio":     beside.P99Us / alone.P99Us,
	}
}

// lend is growth.cpp's lent_connections: it returns what echoes once.
func lend(connections int) func() {
	server := startServer()
	free := make(chan net.Conn, connections)
	for i := 0; i < connections; i++ {
		conn, err := net.Dial("tcp", server.String())
		must(err)
		free <- conn
	}
	return func() {
		var message, answer [64]byte
		for i := range message {
			message[i] = 'e'
		}
		lent := <-free
		_, err := lent.Write(message[:])
		must(err)
		_, err = io.ReadFull(lent, answer[:])
		must(err)
		free <- lent
		if answer != message {
			fail("an echo came back as something else")
		}
	}
}
