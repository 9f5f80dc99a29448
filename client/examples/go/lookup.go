// Looks up keys, one per line of standard input, in a local ring that Watch
// keeps up to date. Also calls the server, to show that its result is the same.
//
// usage: lookup SERVER [RING]
//
//	lookup -vectors FILE     tests itself with ring_v1.json
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "clockwise/v1"
)

// The packaged gRPC is older than the packaged messages. It cannot encode them.
type codec struct{}

func (codec) Marshal(message interface{}) ([]byte, error) {
	return proto.Marshal(message.(proto.Message))
}
func (codec) Unmarshal(data []byte, message interface{}) error {
	return proto.Unmarshal(data, message.(proto.Message))
}
func (codec) Name() string { return "proto" }

const silence = 15 * time.Second // a connection without a message is then dead

// Mirror holds the newest ring that a server sent, and its time.
type Mirror struct {
	client pb.PlacementServiceClient
	name   string
	ring   atomic.Value // *Ring, replaced as a whole
	First  chan struct{}
	once   sync.Once
	mu     sync.Mutex
	as     time.Time
}

func NewMirror(client pb.PlacementServiceClient, name string) *Mirror {
	mirror := &Mirror{client: client, name: name, First: make(chan struct{})}
	go mirror.follow()
	return mirror
}

func (mirror *Mirror) Ring() *Ring {
	ring, _ := mirror.ring.Load().(*Ring)
	return ring
}

// Confirmed returns the last time at which the ring was certainly the newest.
func (mirror *Mirror) Confirmed() time.Time {
	mirror.mu.Lock()
	defer mirror.mu.Unlock()
	return mirror.as
}

func (mirror *Mirror) follow() {
	pause, fetchAll := 100*time.Millisecond, false
	for {
		request := &pb.WatchRequest{Ring: mirror.name}
		if ring := mirror.Ring(); ring != nil && !fetchAll {
			request.KnownEpoch = ring.epoch
			request.KnownIncarnation = ring.incarnation
		}
		told, err := mirror.watch(request)
		if told {
			pause = 100 * time.Millisecond
		}
		fetchAll = err != nil
		if err != nil {
			log.Printf("lookup: %v; requesting the whole ring", err)
		}
		time.Sleep(pause/2 + time.Duration(rand.Int63n(int64(pause/2))))
		if pause *= 2; pause > 5*time.Second {
			pause = 5 * time.Second
		}
	}
}

// Reads one stream to its end. Returns true if a message arrived, and the error
// of a message that failed its check.
func (mirror *Mirror) watch(request *pb.WatchRequest) (bool, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	alarm := time.AfterFunc(silence, cancel)
	defer alarm.Stop()
	stream, err := mirror.client.Watch(ctx, request)
	if err != nil {
		return false, nil
	}
	for told := false; ; told = true {
		message, err := stream.Recv()
		if err != nil {
			return told, nil
		}
		alarm.Reset(silence)
		if err := mirror.takeIn(message); err != nil {
			return told, err
		}
	}
}

func (mirror *Mirror) takeIn(message *pb.WatchResponse) error {
	ring := mirror.Ring()
	var err error
	switch event := message.Event.(type) {
	case *pb.WatchResponse_Snapshot:
		ring, err = FromSnapshot(event.Snapshot)
	case *pb.WatchResponse_Delta:
		ring, err = ring.After(event.Delta)
	case *pb.WatchResponse_Heartbeat:
		if event.Heartbeat.Epoch != ring.epoch ||
			event.Heartbeat.Incarnation != ring.incarnation ||
			event.Heartbeat.Fingerprint != ring.fingerprint {
			err = fmt.Errorf("the heartbeat does not match the local ring")
		}
	}
	if err != nil {
		return err
	}
	mirror.ring.Store(ring)
	mirror.mu.Lock()
	mirror.as = time.Now().Add(-time.Duration(message.UnconfirmedMs) * time.Millisecond)
	mirror.mu.Unlock()
	mirror.once.Do(func() { close(mirror.First) })
	return nil
}

type locate struct {
	Key      int
	Replicas uint32
	Owners   []string
}

type vectors struct {
	Hashes []struct{ Key, Xxh3 string }
	Keys   []string
	Rings  []struct {
		Snapshot json.RawMessage
		Locates  []locate
		Then     []struct {
			Delta   json.RawMessage
			Locates []locate
		}
	}
}

func checkVectors(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var all vectors
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, vector := range all.Hashes {
		key, _ := hex.DecodeString(vector.Key)
		if strconv.FormatUint(xxh3(key), 10) != vector.Xxh3 {
			return fmt.Errorf("XXH3 of %s", vector.Key)
		}
	}
	checked := 0
	check := func(ring *Ring, locates []locate) error {
		for _, vector := range locates {
			key, _ := hex.DecodeString(all.Keys[vector.Key])
			owners := ring.Locate(key, vector.Replicas)
			if !reflect.DeepEqual(owners, vector.Owners) {
				return fmt.Errorf("epoch %d, %v: %v", ring.epoch, vector, owners)
			}
			checked++
		}
		return nil
	}
	for _, vector := range all.Rings {
		snapshot := &pb.Snapshot{}
		if err := protojson.Unmarshal(vector.Snapshot, snapshot); err != nil {
			return err
		}
		ring, err := FromSnapshot(snapshot)
		if err != nil {
			return err
		}
		if err := check(ring, vector.Locates); err != nil {
			return err
		}
		for _, then := range vector.Then {
			delta := &pb.Delta{}
			if err := protojson.Unmarshal(then.Delta, delta); err != nil {
				return err
			}
			if ring, err = ring.After(delta); err != nil {
				return err
			}
			if err := check(ring, then.Locates); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%d look-ups match\n", checked)
	return nil
}

func lookUp(server, name string) error {
	// A whole ring can exceed gRPC's default limit of 4 MiB.
	channel, err := grpc.Dial(server, grpc.WithInsecure(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	if err != nil {
		return err
	}
	client := pb.NewPlacementServiceClient(channel)
	mirror := NewMirror(client, name)
	select {
	case <-mirror.First:
	case <-time.After(10 * time.Second):
		return fmt.Errorf("no server sent the ring within 10 s")
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		ring := mirror.Ring() // one ring for all calls that belong together
		owners := ring.Locate(lines.Bytes(), 0)
		fmt.Printf("%s\t%s\tepoch %d\n", lines.Text(), strings.Join(owners, "\t"),
			ring.epoch)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		remote, err := client.Locate(ctx, &pb.LocateRequest{Ring: name, Key: lines.Bytes()})
		cancel()
		if err != nil {
			return err
		}
		ids := []string{}
		for _, owner := range remote.Owners {
			ids = append(ids, owner.NodeId)
		}
		if remote.Epoch == ring.epoch && !reflect.DeepEqual(ids, owners) {
			return fmt.Errorf("the server returned %v", remote)
		}
	}
	return nil
}

func main() {
	log.SetFlags(0)
	encoding.RegisterCodec(codec{})
	var err error
	switch arguments := os.Args[1:]; {
	case len(arguments) == 2 && arguments[0] == "-vectors":
		err = checkVectors(arguments[1])
	case len(arguments) == 1:
		err = lookUp(arguments[0], "")
	case len(arguments) == 2:
		err = lookUp(arguments[0], arguments[1])
	default:
		log.Fatal("usage: lookup SERVER [RING]")
	}
	if err != nil {
		log.Fatal("lookup: ", err)
	}
}
