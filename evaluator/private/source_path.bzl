"""Files of the source tree that a `bazel run` writes."""

def target_name(label):
    """How a user writes `label` on the command line.

    Args:
      label: Label.

    Returns:
      string.
    """
    workspace = "@" + label.workspace_name if label.workspace_name else ""
    return "%s//%s:%s" % (workspace, label.package, label.name)

def source_path(label, what, file_label):
    """The path in the workspace of the file that `file_label` names.

    Args:
      label: Label of the target that names the file, for messages.
      what: string: what the file is, for messages.
      file_label: string: the file's label as the target has it.

    Returns:
      string.
    """
    if file_label.startswith("@"):
        fail("%s: %s %s is in another workspace (expected a file of this one)" %
             (label, what, file_label))
    package = label.package
    file = file_label
    if file_label.startswith("//"):
        package, _, file = file_label[len("//"):].partition(":")
        if not file:
            fail("%s: %s %s names no file (expected //package:file)" %
                 (label, what, file_label))
    elif file_label.startswith(":"):
        file = file_label[1:]
    return package + "/" + file if package else file
