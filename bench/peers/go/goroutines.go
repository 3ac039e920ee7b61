package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// yields is switch_bench.cpp: two goroutines that yield to each other.
func yields() figures {
	return measure(2, func(n int) {
		var ended atomic.Bool
		var partner sync.WaitGroup
		partner.Add(1)
		go func() {
			defer partner.Done()
			for !ended.Load() {
				runtime.Gosched()
			}
		}()
		for i := 0; i < n; i++ {
			runtime.Gosched()
		}
		ended.Store(true)
		partner.Wait()
	})
}

// spawnAndJoin is spawn_bench.cpp: goroutines that do nothing, `batch` at a time.
func spawnAndJoin(batch int) figures {
	return measure(batch, func(n int) {
		for i := 0; i < n; i++ {
			var ended sync.WaitGroup
			ended.Add(batch)
			for j := 0; j < batch; j++ {
				go ended.Done()
			}
			ended.Wait()
		}
	})
}

const (
	leaves = 1_000_000
	fanOut = 10
)

// node is skynet_bench.cpp's.
func node(out chan int, number, leaves int) {
	if leaves == 1 {
		out <- number
		return
	}
	in := make(chan int)
	part := leaves / fanOut
	for i := 0; i < fanOut; i++ {
		go node(in, number+i*part, part)
	}
	sum := 0
	for i := 0; i < fanOut; i++ {
		sum += <-in
	}
	out <- sum
}

func skynet() figures {
	return measure(leaves, func(n int) {
		for i := 0; i < n; i++ {
			out := make(chan int)
			go node(out, 0, leaves)
			if sum := <-out; sum != leaves*(leaves-1)/2 {
				fail("skynet's sum is %d", sum)
			}
		}
	})
}

// computeUntil is hogs.cpp's.
func computeUntil(end time.Time) {
	x := uint64(1)
	for time.Now().Before(end) {
		for i := 0; i < 100_000; i++ {
			x = x*6364136223846793005 + 1442695040888963407
		}
	}
	if x == 0 {
		sink++
	}
}

func napUntil(end time.Time) (lateUs []float64) {
	for time.Now().Before(end) {
		until := time.Now().Add(time.Millisecond)
		time.Sleep(time.Until(until))
		lateUs = append(lateUs, inUs(time.Since(until)))
	}
	return lateUs
}

// besideHogs is hogs.cpp: how late a sleep of 1 ms ends beside goroutines that compute.
func besideHogs(hogs, seconds int) figures {
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	samples := make(chan []float64)
	go func() { samples <- napUntil(end) }()
	var computing sync.WaitGroup
	computing.Add(hogs)
	for i := 0; i < hogs; i++ {
		go func() {
			computeUntil(end)
			computing.Done()
		}()
	}
	computing.Wait()
	lateUs := <-samples
	return figures{
		"late_p50_us": quantile(lateUs, 0.5),
		"late_p99_us": quantile(lateUs, 0.99),
		"samples":     len(lateUs),
	}
}
