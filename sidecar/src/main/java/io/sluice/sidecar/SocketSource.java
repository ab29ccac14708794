package io.sluice.sidecar;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Stream sockets (TCP, unix) and UDP, all of them on the thread {@code sockets}.
 *
 * <p>While an outlet blocks, this thread does: connections are not read, their buffers in the
 * kernel fill, and the senders wait. Datagrams have no sender that waits; what the kernel drops of
 * them is said.
 */
final class SocketSource implements Source {
    /** More connections wait in the kernel's queue until one of these ends. */
    private static final int MAX_CONNECTIONS = 256;

    /** As many datagrams of a port before the others have their turn. */
    private static final int DATAGRAMS_IN_TURN = 64;

    /** Asked of the kernel; net.core.rmem_max may give less. */
    private static final int RECEIVE_BYTES = 4 << 20;

    private static final long RECORD_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long DROPS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long SAY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final List<Options.Wanted> wanted;
    private final Outlets outlets;
    private final HeldBytes room;
    private final Activity activity;

    /** Room for a block of a stream, and for any datagram of UDP. */
    private final byte[] bytes = new byte[LineShaper.BLOCK_BYTES];

    private final ByteBuffer buffer = ByteBuffer.wrap(bytes);

    /** Socket thread, but for opening and closing. */
    private final List<Listener> listeners = new ArrayList<>();

    private final List<Port> ports = new ArrayList<>();

    private final Set<LineShaper> shapers = ConcurrentHashMap.newKeySet();
    private Selector selector;
    private int connections;
    private boolean full;
    private volatile boolean finishing;

    /** A stream socket that accepts. */
    private record Listener(Options.Wanted wanted, ServerSocketChannel channel, SelectionKey key) {}

    private record Connection(SocketChannel channel, LineShaper shaper) {}

    /** A UDP port, and what was said of its drops. */
    private static final class Port {
        final DatagramChannel channel;
        final LineShaper shaper;
        final InetSocketAddress address;
        long drops;
        long saidDrops;
        long lookedNanos;
        long saidNanos;

        Port(DatagramChannel channel, LineShaper shaper, InetSocketAddress address) {
            this.channel = channel;
            this.shaper = shaper;
            this.address = address;
        }
    }

    SocketSource(List<Options.Wanted> wanted, Outlets outlets, HeldBytes room, Activity activity) {
        this.wanted = List.copyOf(wanted);
        this.outlets = outlets;
        this.room = room;
        this.activity = activity;
    }

    @Override
    public String name() {
        return "sockets";
    }

    @Override
    public void open() throws UnusableException {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UnusableException("sockets cannot be used: " + e, e);
        }
        for (Options.Wanted one : wanted) {
            switch (one.address()) {
                case Address.Tcp(var address) -> openTcp(one, address);
                case Address.Udp(var address) -> openUdp(one, address);
                case Address.UnixStream(var path) -> openUnix(one, path);
                default -> throw new IllegalStateException(one.address() + " is no socket");
            }
        }
    }

    private void openTcp(Options.Wanted one, InetSocketAddress address) throws UnusableException {
        try {
            ServerSocketChannel channel = ServerSocketChannel.open();
            // A port that this program has just left is free.
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            listen(one, channel);
            channel.bind(address);
        } catch (IOException e) {
            throw inUse("--tcp", address, e);
        }
    }

    private void openUdp(Options.Wanted one, InetSocketAddress address) throws UnusableException {
        try {
            DatagramChannel channel = DatagramChannel.open();
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BYTES);
            Port port = new Port(channel, shaper(one), address);
            ports.add(port);
            channel.bind(address);
            channel.register(selector, SelectionKey.OP_READ, port);
        } catch (IOException e) {
            throw inUse("--udp", address, e);
        }
    }

    private static UnusableException inUse(
            String option, InetSocketAddress address, IOException e) {
        String where = option + " " + address.getHostString() + ":" + address.getPort();
        return e instanceof BindException && String.valueOf(e.getMessage()).contains("in use")
                ? new UnusableException(
                        where
                                + " is in use by another socket; end its process, or choose another"
                                + " port",
                        e)
                : new UnusableException(
                        where
                                + " cannot be opened ("
                                + e.getMessage()
                                + "); choose an address of"
                                + " this host and, unless run as root, a port above 1023",
                        e);
    }

    private void openUnix(Options.Wanted one, Path path) throws UnusableException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
        try {
            SocketPath.clear("--unix", path, () -> isAnswered(address));
            ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            channel.bind(address);
            listen(one, channel);
            SocketPath.openToAll(path);
        } catch (IOException e) {
            throw new UnusableException(
                    "--unix "
                            + path
                            + " cannot be opened ("
                            + e.getMessage()
                            + "); its folder must be there and this user may write to it",
                    e);
        }
    }

    private static boolean isAnswered(UnixDomainSocketAddress address) throws IOException {
        try (SocketChannel _ = SocketChannel.open(address)) {
            return true;
        } catch (ConnectException _) {
            return false;
        }
    }

    private void listen(Options.Wanted one, ServerSocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        SelectionKey key = channel.register(selector, 0);
        Listener listener = new Listener(one, channel, key);
        key.attach(listener);
        listeners.add(listener);
    }

    private LineShaper shaper(Options.Wanted one) {
        LineShaper shaper =
                new LineShaper(one.style(), one.address().text(), outlets, room, activity);
        shapers.add(shaper);
        return shaper;
    }

    @Override
    public void run() throws IOException {
        for (Listener listener : listeners) {
            listener.key.interestOps(SelectionKey.OP_ACCEPT);
        }
        while (true) {
            boolean last = finishing;
            int ready = last ? selector.selectNow() : selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                switch (key.attachment()) {
                    case Listener listener -> accept(listener);
                    case Connection connection -> read(connection, key);
                    case Port port -> read(port);
                    default -> throw new IllegalStateException("a key of nothing");
                }
            }
            selector.selectedKeys().clear();
            if (last && ready == 0) {
                break;
            }
        }
        for (LineShaper shaper : shapers) {
            shaper.endRecord();
        }
        for (Port port : ports) {
            countDrops(port);
            sayDrops(port);
        }
    }

    private void accept(Listener listener) {
        try {
            while (connections < MAX_CONNECTIONS) {
                SocketChannel channel = listener.channel.accept();
                if (channel == null) {
                    return;
                }
                channel.configureBlocking(false);
                channel.register(
                        selector,
                        SelectionKey.OP_READ,
                        new Connection(channel, shaper(listener.wanted)));
                connections++;
            }
        } catch (IOException e) {
            Console.say(
                    listener.wanted.address().text()
                            + " cannot take a connection: "
                            + e.getMessage());
        }
        if (connections >= MAX_CONNECTIONS) {
            acceptMore(false);
            if (!full) {
                full = true;
                Console.say(
                        MAX_CONNECTIONS
                                + " connections are open; others wait until one of these ends");
            }
        }
    }

    private void acceptMore(boolean more) {
        for (Listener listener : listeners) {
            listener.key.interestOps(more ? SelectionKey.OP_ACCEPT : 0);
        }
    }

    private void read(Connection connection, SelectionKey key) throws IOException {
        buffer.clear();
        int length;
        try {
            length = connection.channel.read(buffer);
        } catch (IOException e) {
            // Reset: what has come stands.
            length = -1;
        }
        if (length >= 0) {
            connection.shaper.take(bytes, 0, length);
            return;
        }
        key.cancel();
        closeQuietly(connection.channel);
        shapers.remove(connection.shaper);
        connections--;
        connection.shaper.endRecord();
        if (connections == MAX_CONNECTIONS - 1) {
            acceptMore(true);
        }
    }

    private void read(Port port) throws IOException {
        for (int i = 0; i < DATAGRAMS_IN_TURN; i++) {
            buffer.clear();
            try {
                if (port.channel.receive(buffer) == null) {
                    return;
                }
            } catch (IOException e) {
                Console.say(name(port) + " cannot be read: " + e.getMessage());
                return;
            }
            port.shaper.message(bytes, 0, buffer.position(), LineShaper.Marks.NONE);
        }
    }

    @Override
    public void finish() {
        finishing = true;
        selector.wakeup();
    }

    @Override
    public void tend() throws IOException {
        for (LineShaper shaper : shapers) {
            shaper.endRecordOlderThan(RECORD_NANOS);
        }
        long now = System.nanoTime();
        for (Port port : ports) {
            if (now - port.lookedNanos >= DROPS_NANOS) {
                port.lookedNanos = now;
                countDrops(port);
                if (port.saidDrops == 0 || now - port.saidNanos >= SAY_NANOS) {
                    sayDrops(port);
                }
            }
        }
    }

    private static synchronized void countDrops(Port port) {
        port.drops = Math.max(port.drops, UdpDrops.atPort(port.address.getPort()));
    }

    private static synchronized void sayDrops(Port port) {
        if (port.drops > port.saidDrops) {
            Console.say(
                    name(port)
                            + ": the kernel has dropped "
                            + (port.drops - port.saidDrops)
                            + " datagrams, "
                            + port.drops
                            + " in all: they came faster than they were written. Raise"
                            + " net.core.rmem_max, or send over TCP, where the sender waits");
            port.saidDrops = port.drops;
            port.saidNanos = System.nanoTime();
        }
    }

    private static String name(Port port) {
        return "udp:" + port.address.getHostString() + ":" + port.address.getPort();
    }

    @Override
    public void close() {
        listeners.forEach(listener -> closeQuietly(listener.channel));
        ports.forEach(port -> closeQuietly(port.channel));
        for (Listener listener : listeners) {
            if (listener.wanted.address() instanceof Address.UnixStream(var path)) {
                SocketPath.remove(path);
            }
        }
    }

    private static void closeQuietly(SelectableChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            Console.say("a socket cannot be closed: " + e.getMessage());
        }
    }
}
