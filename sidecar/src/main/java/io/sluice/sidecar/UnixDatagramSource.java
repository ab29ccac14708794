package io.sluice.sidecar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A unix datagram socket, on a thread of its own; with syslog's priorities read, what {@code
 * syslog(3)} writes to {@code /dev/log}.
 *
 * <p>The kernel drops none of these datagrams: when its short queue (net.unix.max_dgram_qlen) is
 * full, the sender waits in its send.
 */
final class UnixDatagramSource implements Source {
    /** So long until it is seen that the end was asked for. */
    private static final int WAIT_MILLIS = 250;

    private final Path path;
    private final LineShaper shaper;

    /** What becomes of a priority; empty where datagrams are no syslog's. */
    private final Optional<Style.Priority> priority;

    private final byte[] bytes = new byte[UnixDatagrams.MAX_BYTES];
    private UnixDatagrams socket;
    private volatile boolean finishing;

    UnixDatagramSource(Path path, LineShaper shaper, Optional<Style.Priority> priority) {
        this.path = path;
        this.shaper = shaper;
        this.priority = priority;
    }

    @Override
    public String name() {
        return path.toString();
    }

    private String option() {
        return priority.isPresent() ? "--syslog" : "--unix-datagram";
    }

    @Override
    public void open() throws UnusableException {
        try {
            SocketPath.clear(option(), path, () -> UnixDatagrams.isAnswered(path));
            socket = new UnixDatagrams(path);
            SocketPath.openToAll(path);
        } catch (IOException e) {
            throw new UnusableException(
                    option()
                            + " "
                            + path
                            + " cannot be opened ("
                            + e.getMessage()
                            + "); its folder must be there and this user may write to it",
                    e);
        }
    }

    @Override
    public void run() throws IOException {
        while (true) {
            boolean last = finishing;
            int length = socket.receive(bytes);
            if (length >= 0) {
                message(length);
            } else if (last) {
                return;
            } else {
                socket.await(WAIT_MILLIS);
            }
        }
    }

    private void message(int length) throws IOException {
        SyslogPriority read = SyslogPriority.of(bytes, length);
        if (priority.isEmpty() || read.headBytes() == 0) {
            shaper.message(bytes, 0, length, LineShaper.Marks.NONE);
            return;
        }
        int from = priority.get() == Style.Priority.STRIPPED ? read.headBytes() : 0;
        shaper.message(bytes, from, length, read.marks());
    }

    @Override
    public void finish() {
        finishing = true;
    }

    @Override
    public void close() {
        if (socket != null) {
            SocketPath.remove(path);
        }
    }
}
