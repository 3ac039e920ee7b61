package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
)

// measure runs body(n) with n as large as the wanted time asks for; an iteration has `items` items.
func measure(items int, body func(n int)) figures {
	var cpu time.Duration
	result := testing.Benchmark(func(b *testing.B) {
		before := cpuTime()
		b.ResetTimer()
		body(b.N)
		b.StopTimer()
		cpu = cpuTime() - before
	})
	total := float64(result.N) * float64(items)
	return figures{
		"ns_per_item":     float64(result.T.Nanoseconds()) / total,
		"cpu_ns_per_item": float64(cpu.Nanoseconds()) / total,
	}
}

// cpuTime is that of all threads of the process.
func cpuTime() time.Duration {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// statusBytes reads a line of /proc/self/status that counts kB: "VmRSS", "VmPTE".
func statusBytes(key string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for _, line := range strings.Split(string(status), "\n") {
		var kb float64
		if _, err := fmt.Sscanf(line, key+": %f kB", &kb); err == nil {
			return kb * 1024
		}
	}
	fail("/proc/self/status has no %s", key)
	return 0
}

func inUs(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// quantile sorts the samples; `part` of them are at most what it returns.
func quantile(samples []float64, part float64) float64 {
	if len(samples) == 0 {
		fail("not one sample was taken")
	}
	sort.Float64s(samples)
	return samples[min(int(part*float64(len(samples))), len(samples)-1)]
}

// sink keeps results from being optimised away.
var sink int
