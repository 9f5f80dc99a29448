// A client's copy of a ring of Clockwise. It follows the messages of Watch, and
// looks up keys without a call. Written from client/PORTING.md.
package main

// #cgo LDFLAGS: -lxxhash
// #include <xxhash.h>
import "C"

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"math/big"
	"sort"
	"unsafe"

	pb "clockwise/v1"
)

func xxh3(data []byte) uint64 {
	if len(data) == 0 {
		return uint64(C.XXH3_64bits(nil, 0))
	}
	return uint64(C.XXH3_64bits(unsafe.Pointer(&data[0]), C.size_t(len(data))))
}

func splitmix64(state uint64) uint64 {
	state = (state ^ state>>30) * 0xBF58476D1CE4E5B9
	state = (state ^ state>>27) * 0x94D049BB133111EB
	return state ^ state>>31
}

type point struct {
	position uint64
	node     int
}

// Ring is immutable. Replace it as a whole; look-ups then need no lock.
type Ring struct {
	spec        *pb.RingSpec
	nodes       []*pb.Node // sorted by id
	epoch       uint64
	incarnation uint64
	fingerprint uint64
	rows        [][]string // PARTITIONED: the ids of the owners of each partition
	points      []point    // HASHED: sorted
	around      []int      // the node of each slot, as an index into nodes
	memberCount int        // number of nodes that have a slot
	zoneCount   int        // number of their zones
}

// UnknownLayout is the error for a ring whose layout this program does not have.
// Call Locate.
type UnknownLayout struct{ layout pb.Layout }

func (unknown UnknownLayout) Error() string {
	return fmt.Sprintf("the layout %v is not known", unknown.layout)
}

// FromSnapshot returns the ring. It fails if the fingerprint differs, or with
// UnknownLayout.
func FromSnapshot(snapshot *pb.Snapshot) (*Ring, error) {
	switch layout := snapshot.GetSpec().GetLayout(); layout {
	case pb.Layout_LAYOUT_HASHED, pb.Layout_LAYOUT_PARTITIONED, pb.Layout_LAYOUT_MODULO:
	default:
		return nil, UnknownLayout{layout}
	}
	ring := &Ring{spec: snapshot.Spec, nodes: snapshot.Nodes,
		epoch: snapshot.Epoch, incarnation: snapshot.Incarnation}
	if ring.spec.Layout == pb.Layout_LAYOUT_PARTITIONED {
		width := ring.width()
		ring.rows = make([][]string, 1<<ring.spec.PartitionBits)
		if len(snapshot.PartitionOwners) != len(ring.rows)*width {
			return nil, fmt.Errorf("wrong number of owners: %d", len(snapshot.PartitionOwners))
		}
		for at := range ring.rows {
			for _, i := range snapshot.PartitionOwners[at*width : (at+1)*width] {
				if int(i) >= len(ring.nodes) {
					return nil, fmt.Errorf("an owner is not a node of the ring")
				}
				ring.rows[at] = append(ring.rows[at], ring.nodes[i].Id)
			}
		}
	}
	return ring.finish(snapshot.Fingerprint)
}

// After returns the ring after delta. It fails if delta does not start at this
// ring, or if the fingerprint of the result differs.
func (ring *Ring) After(delta *pb.Delta) (*Ring, error) {
	if delta.FromEpoch != ring.epoch || delta.Incarnation != ring.incarnation {
		return nil, fmt.Errorf("a delta from epoch %d does not continue the ring", delta.FromEpoch)
	}
	nodes := map[string]*pb.Node{}
	for _, node := range ring.nodes {
		nodes[node.Id] = node
	}
	for _, id := range delta.RemovedIds {
		delete(nodes, id)
	}
	for _, node := range delta.Upserted {
		nodes[node.Id] = node
	}
	next := &Ring{spec: ring.spec, epoch: delta.Epoch,
		incarnation: delta.Incarnation, rows: append([][]string(nil), ring.rows...)}
	for _, node := range nodes {
		next.nodes = append(next.nodes, node)
	}
	sort.Slice(next.nodes, func(a, b int) bool {
		return next.nodes[a].Id < next.nodes[b].Id
	})
	width := next.width()
	if len(delta.MovedOwners) != len(delta.MovedPartitions)*width {
		return nil, fmt.Errorf("wrong number of moved owners: %d", len(delta.MovedOwners))
	}
	for k, partition := range delta.MovedPartitions {
		row := make([]string, width)
		for i, owner := range delta.MovedOwners[k*width : (k+1)*width] {
			if int(owner) >= len(delta.OwnerIds) || int(partition) >= len(next.rows) {
				return nil, fmt.Errorf("the delta has an invalid partition or owner: %d, %d", partition, owner)
			}
			row[i] = delta.OwnerIds[owner]
		}
		next.rows[partition] = row
	}
	return next.finish(delta.Fingerprint)
}

func (ring *Ring) width() int {
	return min(int(ring.spec.ReplicaCount), len(ring.nodes))
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func (ring *Ring) finish(fingerprint uint64) (*Ring, error) {
	if ring.spec.Layout == pb.Layout_LAYOUT_HASHED {
		for index, node := range ring.nodes {
			seed := xxh3([]byte(node.HashKey))
			count := uint64(ring.spec.VirtualNodeCount) * uint64(node.GetWeight())
			for i := uint64(1); i <= count; i++ {
				ring.points = append(ring.points,
					point{splitmix64(seed + i*0x9E3779B97F4A7C15), index})
			}
		}
		sort.Slice(ring.points, func(a, b int) bool {
			if ring.points[a].position != ring.points[b].position {
				return ring.points[a].position < ring.points[b].position
			}
			return ring.points[a].node < ring.points[b].node
		})
		for _, at := range ring.points {
			ring.around = append(ring.around, at.node)
		}
	} else {
		for index := range ring.nodes {
			ring.around = append(ring.around, index)
		}
	}
	members, zones := map[int]bool{}, map[string]bool{}
	for _, at := range ring.around {
		members[at] = true
		zones[ring.nodes[at].Zone] = true
	}
	ring.memberCount, ring.zoneCount = len(members), len(zones)
	ring.fingerprint = ring.computeFingerprint()
	if ring.fingerprint != fingerprint {
		return nil, fmt.Errorf("epoch %d: the fingerprint does not match", ring.epoch)
	}
	return ring, nil
}

// Locate returns the ids of the nodes that own key, primary first. replicas 0
// means the ring's replica count.
func (ring *Ring) Locate(key []byte, replicas uint32) []string {
	if replicas == 0 {
		replicas = ring.spec.ReplicaCount
	}
	wanted := min(int(replicas), len(ring.nodes))
	owners := []string{}
	taken := map[string]bool{}
	take := func(id string) {
		if len(owners) < wanted && !taken[id] {
			owners = append(owners, id)
			taken[id] = true
		}
	}
	if wanted == 0 {
		return owners
	}
	if ring.spec.Layout == pb.Layout_LAYOUT_PARTITIONED {
		partition := int(xxh3(key) >> (64 - ring.spec.PartitionBits))
		for i := 0; i < len(ring.rows) && len(owners) < wanted; i++ {
			for _, id := range ring.rows[(partition+i)%len(ring.rows)] {
				take(id)
			}
		}
		for _, node := range ring.nodes {
			take(node.Id)
		}
		return owners
	}
	if wanted = min(wanted, ring.memberCount); wanted == 0 {
		return owners
	}
	slot := ring.slotOf(key)
	zones := map[string]bool{}
	for _, distinctZones := range []bool{true, false} {
		for i := 0; i < len(ring.around) && len(owners) < wanted; i++ {
			// Without this, the walk goes once around the ring.
			if distinctZones && len(zones) == ring.zoneCount {
				break
			}
			node := ring.nodes[ring.around[(slot+i)%len(ring.around)]]
			if distinctZones && zones[node.Zone] {
				continue
			}
			take(node.Id)
			zones[node.Zone] = true
		}
	}
	return owners
}

func (ring *Ring) slotOf(key []byte) int {
	if ring.spec.Layout == pb.Layout_LAYOUT_MODULO {
		digest := md5.Sum(key)
		number := new(big.Int).SetBytes(digest[:])
		return int(number.Mod(number, big.NewInt(int64(len(ring.nodes)))).Int64())
	}
	hash := xxh3(key)
	return sort.Search(len(ring.points), func(i int) bool {
		return ring.points[i].position >= hash
	}) % len(ring.points)
}

func (ring *Ring) computeFingerprint() uint64 {
	var data bytes.Buffer
	put := func(values ...interface{}) {
		for _, value := range values {
			if text, ok := value.(string); ok {
				binary.Write(&data, binary.LittleEndian, uint32(len(text)))
				data.WriteString(text)
				continue
			}
			binary.Write(&data, binary.LittleEndian, value)
		}
	}
	put(uint32(ring.spec.Layout), ring.spec.VirtualNodeCount, ring.spec.PartitionBits,
		ring.spec.ReplicaCount, uint32(len(ring.nodes)))
	index := map[string]uint32{}
	for i, node := range ring.nodes {
		put(node.Id, node.HashKey, node.GetWeight(), node.Zone)
		index[node.Id] = uint32(i)
	}
	put(uint64(len(ring.points)))
	for _, at := range ring.points {
		put(at.position)
	}
	for _, at := range ring.points {
		put(uint32(at.node))
	}
	if ring.spec.Layout == pb.Layout_LAYOUT_PARTITIONED {
		put(uint64(len(ring.rows) * ring.width()))
		for _, row := range ring.rows {
			for _, id := range row {
				owner, known := index[id]
				if !known {
					owner = ^uint32(0)
				}
				put(owner)
			}
		}
	}
	return xxh3(data.Bytes())
}
