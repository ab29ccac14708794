package io.sluice.tail;

import java.nio.file.Path;

/** Where a source's bytes come from. */
public sealed interface SourceOrigin {

    /**
     * One container of a pod, over all its restarts.
     *
     * <p>Read from the kubelet's layout {@code
     * <namespace>_<pod>_<podUid>/<container>/<restart>.log}. For static pods {@code podUid} is the
     * hash of their manifest, not the API's UID.
     */
    record Container(String namespace, String pod, String podUid, String container)
            implements SourceOrigin {}

    /** A file of the node, named in the configuration. */
    record File(Path path) implements SourceOrigin {}
}
