package main

import (
	"sync"
	"time"
)

const lockRounds = 2_000 // of each contender, in one iteration

// contendedMutex is mutex_bench.cpp.
func contendedMutex(contenders int) figures {
	return measure(contenders*lockRounds, func(n int) {
		var mutex sync.Mutex
		for i := 0; i < n; i++ {
			var ended sync.WaitGroup
			ended.Add(contenders)
			for j := 0; j < contenders; j++ {
				go func() {
					for k := 0; k < lockRounds; k++ {
						mutex.Lock()
						sink++
						mutex.Unlock()
					}
					ended.Done()
				}()
			}
			ended.Wait()
		}
	})
}

// armAndCancel is half of what a round trip costs more when each receive has a time limit of an hour, as in
// timer_bench.cpp; each side keeps its timer, the cheapest way that Go has.
func armAndCancel() figures {
	without := roundTrips(receive)
	with := measure(1, func(n int) {
		there, back := make(chan int), make(chan int)
		var partner sync.WaitGroup
		partner.Add(1)
		go func() {
			defer partner.Done()
			for receive := limitedReceive(); receive(there); {
				back <- 1
			}
		}()
		receive := limitedReceive()
		for i := 0; i < n; i++ {
			there <- 1
			receive(back)
		}
		close(there)
		partner.Wait()
	})
	difference := with["ns_per_item"].(float64) - without["ns_per_item"].(float64)
	return figures{"ns_per_item": difference / 2}
}

func limitedReceive() func(from chan int) bool {
	limit := time.NewTimer(time.Hour)
	limit.Stop()
	return func(from chan int) bool {
		limit.Reset(time.Hour)
		defer limit.Stop()
		select {
		case _, open := <-from:
			return open
		case <-limit.C:
			return false
		}
	}
}

// nap is sleepers.cpp's: 1 to 1,000 ms, in no order.
func nap(sleeper int) time.Duration {
	return time.Duration(1_000+sleeper*7_919%999_000) * time.Microsecond
}

// sleepers is sleepers.cpp.
func sleepers(count int) figures {
	lateUs := make([]float64, count)
	before := cpuTime()
	var ended sync.WaitGroup
	ended.Add(count)
	for i := 0; i < count; i++ {
		go func(i int) {
			until := time.Now().Add(nap(i))
			time.Sleep(time.Until(until))
			lateUs[i] = inUs(time.Since(until))
			ended.Done()
		}(i)
	}
	ended.Wait()
	return figures{
		"cpu_ns_per_item": float64((cpuTime() - before).Nanoseconds()) / float64(count),
		"late_p50_us":     quantile(lateUs, 0.5),
		"late_p99_us":     quantile(lateUs, 0.99),
	}
}
