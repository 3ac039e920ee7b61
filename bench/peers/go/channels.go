package main

import "sync"

const (
	streamItems = 100_000 // of a stream, in one iteration
	pairs       = 4       // of a contended select
)

func receive(from chan int) bool {
	_, open := <-from
	return open
}

// roundTrips is channel_bench.cpp's round trip, and with another way to receive that of timer_bench.cpp.
func roundTrips(receive func(chan int) bool) figures {
	return measure(1, func(n int) {
		there, back := make(chan int), make(chan int)
		var partner sync.WaitGroup
		partner.Add(1)
		go func() {
			defer partner.Done()
			for receive(there) {
				back <- 1
			}
		}()
		for i := 0; i < n; i++ {
			there <- 1
			receive(back)
		}
		close(there)
		partner.Wait()
	})
}

func stream(pairs int) {
	items := make(chan int, 128)
	var producers, consumers sync.WaitGroup
	producers.Add(pairs)
	consumers.Add(pairs)
	for i := 0; i < pairs; i++ {
		go func() {
			defer consumers.Done()
			for range items {
			}
		}()
		go func() {
			defer producers.Done()
			for v := 0; v < streamItems/pairs; v++ {
				items <- v
			}
		}()
	}
	producers.Wait()
	close(items)
	consumers.Wait()
}

// buffered is channel_bench.cpp's stream.
func buffered(pairs int) figures {
	return measure(streamItems, func(n int) {
		for i := 0; i < n; i++ {
			stream(pairs)
		}
	})
}

type fourChannels [4]chan int

func makeChannels(capacity int) (channels fourChannels) {
	for i := range channels {
		channels[i] = make(chan int, capacity)
	}
	return channels
}

// chooser is Marsaglia's xorshift, as in select_bench.cpp.
type chooser uint64

func (c *chooser) next() int {
	*c ^= *c << 13
	*c ^= *c >> 7
	*c ^= *c << 17
	return int(*c >> 62)
}

func receiveAny(from *fourChannels) (value int, open bool) {
	select {
	case value, open = <-from[0]:
	case value, open = <-from[1]:
	case value, open = <-from[2]:
	case value, open = <-from[3]:
	}
	return value, open
}

func selectUncontended() figures {
	return measure(1, func(n int) {
		channels := makeChannels(1)
		choose := chooser(1)
		for i := 0; i < n; i++ {
			channels[choose.next()] <- 1
			value, _ := receiveAny(&channels)
			sink += value
		}
	})
}

func exchange() {
	channels := makeChannels(0)
	var senders, receivers sync.WaitGroup
	senders.Add(pairs)
	receivers.Add(pairs)
	for i := 0; i < pairs; i++ {
		go func() {
			defer receivers.Done()
			for open := true; open; {
				_, open = receiveAny(&channels)
			}
		}()
		go func(choose chooser) {
			defer senders.Done()
			for v := 0; v < streamItems/pairs; v++ {
				channels[choose.next()] <- v
			}
		}(chooser(i + 1))
	}
	senders.Wait()
	for _, each := range channels {
		close(each)
	}
	receivers.Wait()
}

func selectContended() figures {
	return measure(streamItems, func(n int) {
		for i := 0; i < n; i++ {
			exchange()
		}
	})
}
