# Options that had another name. None yet: the first release is still to come. From then on, whoever renames an option
# adds a line here, and configurations of old keep working:
#   (lib.mkRenamedOptionModule [ "services" "meet" "old" ] [ "services" "meet" "new" ])
{
  imports = [ ];
}
