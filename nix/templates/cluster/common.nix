# What all hosts of the cluster agree on.
{
  services.meet.hostName = "meet.example.org";
}
