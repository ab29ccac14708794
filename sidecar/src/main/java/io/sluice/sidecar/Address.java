package io.sluice.sidecar;

import java.net.InetSocketAddress;
import java.nio.file.Path;

/** Where the lines of one source come from. */
sealed interface Address {

    /** What stands for it where nobody has given it a name. */
    String text();

    /** Files, by a path whose last name may be a glob. */
    record LogFiles(Path path) implements Address {
        @Override
        public String text() {
            return path.toString();
        }
    }

    record Pipe(Path path) implements Address {
        @Override
        public String text() {
            return path.toString();
        }
    }

    record UnixStream(Path path) implements Address {
        @Override
        public String text() {
            return path.toString();
        }
    }

    /** Datagrams whose content means nothing here. */
    record UnixDatagram(Path path) implements Address {
        @Override
        public String text() {
            return path.toString();
        }
    }

    /** Datagrams of syslog(3). */
    record Syslog(Path path) implements Address {
        @Override
        public String text() {
            return path.toString();
        }
    }

    record Tcp(InetSocketAddress address) implements Address {
        @Override
        public String text() {
            return "tcp:" + address.getHostString() + ":" + address.getPort();
        }
    }

    record Udp(InetSocketAddress address) implements Address {
        @Override
        public String text() {
            return "udp:" + address.getHostString() + ":" + address.getPort();
        }
    }

    /** The journal that is running here. */
    record RunningJournal() implements Address {
        @Override
        public String text() {
            return "journal";
        }
    }

    record JournalFolder(Path path) implements Address {
        @Override
        public String text() {
            return "journal:" + path;
        }
    }
}
