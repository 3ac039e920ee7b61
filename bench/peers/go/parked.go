package main

import (
	"encoding/json"
	"io"
	"os"
	"sync"
	"time"
)

// parkAll returns when `count` goroutines have come to a channel; they end when it does, or when each has a value.
func parkAll(count int) (gate chan int, ended *sync.WaitGroup) {
	gate = make(chan int)
	ended = new(sync.WaitGroup)
	var begun sync.WaitGroup
	begun.Add(count)
	ended.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			begun.Done()
			<-gate
			ended.Done()
		}()
	}
	begun.Wait()
	return gate, ended
}

// parked is parked.cpp: resident memory and page tables of each.
func parked(count int) figures {
	residentBefore, tablesBefore := statusBytes("VmRSS"), statusBytes("VmPTE")
	gate, ended := parkAll(count)
	time.Sleep(100 * time.Millisecond) // the last of them are between Done and the channel
	out := figures{
		"resident_bytes": (statusBytes("VmRSS") - residentBefore) / float64(count),
		"table_bytes":    (statusBytes("VmPTE") - tablesBefore) / float64(count),
	}
	close(gate)
	ended.Wait()
	return out
}

func spawnParkWake(count int) {
	gate, ended := parkAll(count)
	for i := 0; i < count; i++ {
		gate <- 1
	}
	ended.Wait()
}

func nsOfOne(count, times int) float64 {
	begin := time.Now()
	for i := 0; i < times; i++ {
		spawnParkWake(count)
	}
	return float64(time.Since(begin).Nanoseconds()) / float64(count*times)
}

// growth is growth.cpp.
func growth(count, times int) figures {
	return figures{"first_ns": nsOfOne(count, 1), "again_ns": nsOfOne(count, times)}
}

// idle is idle.cpp: parked goroutines, and a read of the standard input, at whose end everything ends.
func idle(count int) figures {
	gate, ended := parkAll(count)
	must(json.NewEncoder(os.Stdout).Encode(figures{"parked": count}))
	_, err := io.Copy(io.Discard, os.Stdin)
	must(err)
	close(gate)
	ended.Wait()
	return figures{"ended": count}
}
