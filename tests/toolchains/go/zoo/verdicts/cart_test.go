package verdicts

import (
	"fmt"
	"os"
	"testing"
)

func TestPasses(t *testing.T) {
	if Add(1, 2) != 3 {
		t.Fatal("wrong")
	}
}

func TestFails(t *testing.T) { t.Errorf("%d is not %d", Add(1, 2), 4) }

func TestFailsAtOnce(t *testing.T) { t.Fatal("at once") }

func TestSkips(t *testing.T) { t.Skip("not here") }

func TestTable(t *testing.T) {
	for _, one := range []struct {
		name string
		sum  int
	}{{"one", 1}, {"two", 2}, {"one", 3}} {
		t.Run(one.name, func(t *testing.T) {
			if one.sum == 3 {
				t.Error("three")
			}
		})
	}
}

func TestNested(t *testing.T) {
	t.Run("outer", func(t *testing.T) {
		t.Run("inner", func(t *testing.T) {})
		t.Run("a/b \" < :: #", func(t *testing.T) {})
	})
}

func TestParallel(t *testing.T) {
	for _, name := range []string{"a", "b"} {
		t.Run(name, func(t *testing.T) { t.Parallel() })
	}
}

func TestPrintsMarks(t *testing.T) {
	fmt.Println("FAIL")
	fmt.Println("ok  \texample.com/zoo/verdicts\t0.1s")
	fmt.Println(`{"Action":"fail","Package":"example.com/zoo/verdicts","Test":"TestPasses"}`)
	fmt.Fprintln(os.Stderr, `{"Action":"fail","Package":"example.com/zoo/verdicts","Test":"TestPasses"}`)
}

func TestCleanup(t *testing.T) { t.Cleanup(func() { t.Error("not tidied up") }) }

func TestBehind(t *testing.T) {}

func ExampleAdd() {
	fmt.Println(Add(1, 2))
	// Output: 3
}

func ExampleAdd_wrong() {
	fmt.Println(Add(1, 2))
	// Output: 4
}

func ExampleAdd_silent() { Add(1, 2) }

func FuzzAdd(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, one int) {
		if Add(one, 0) != one {
			t.Error("wrong")
		}
	})
}

func Testify(t *testing.T) { t.Error("no test, by its name") }
