package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// parkAll returns when `count` goroutines have come to a channel; when it ends, or each has a value, they do their
// work and end.
func parkAll(count int, work func()) (gate chan int, ended *sync.WaitGroup) {
	gate = make(chan int)
	ended = new(sync.WaitGroup)
	var begun sync.WaitGroup
	begun.Add(count)
	ended.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			begun.Done()
			<-gate
			work()
			ended.Done()
		}()
	}
	begun.Wait()
	return gate, ended
}

func nothing() {}

// parked is parked.cpp: resident memory and page tables of each.
func parked(count int) figures {
	residentBefore, tablesBefore := statusBytes("VmRSS"), statusBytes("VmPTE")
	gate, ended := parkAll(count, nothing)
	time.Sleep(100 * time.Millisecond) // the last of them are between Done and the channel
	out := figures{
		"resident_bytes": (statusBytes("VmRSS") - residentBefore) / float64(count),
		"table_bytes":    (statusBytes("VmPTE") - tablesBefore) / float64(count),
	}
	close(gate)
	ended.Wait()
	return out
}

func spawnParkWake(count int, work func()) {
	gate, ended := parkAll(count, work)
	for i := 0; i < count; i++ {
		gate <- 1
	}
	ended.Wait()
}

func nsOfOne(count, times int, work func()) float64 {
	begin := time.Now()
	for i := 0; i < times; i++ {
		spawnParkWake(count, work)
	}
	return float64(time.Since(begin).Nanoseconds()) / float64(count*times)
}

// growth is growth.cpp.
func growth(count, times, connections int) figures {
	out := figures{"first_ns": nsOfOne(count, 1, nothing), "again_ns": nsOfOne(count, times, nothing)}
	if connections != 0 {
		out["echo_ns"] = nsOfOne(count, times, lend(connections))
	}
	return out
}

// idle is idle.cpp: parked goroutines, an echo server, and a read of the standard input, at whose end everything ends.
func idle(count int) figures {
	gate, ended := parkAll(count, nothing)
	port := startServer().(*net.TCPAddr).Port
	must(json.NewEncoder(os.Stdout).Encode(figures{"parked": count, "port": port}))
	_, err := io.Copy(io.Discard, os.Stdin)
	must(err)
	close(gate)
	ended.Wait()
	return figures{"ended": count}
}
