# JSON Schema, as `pyjitsi schema` prints it, to an option type. Settings have one source, the services' Python models;
# the types are closed, so that a misspelt setting fails at `nixos-rebuild` and not at start. Secrets are left out: they
# reach a service as credentials only.
{ lib }:
schema:
let
  inherit (lib) mkOption types;

  deref =
    node:
    if node ? "$ref" then
      schema."$defs".${lib.last (lib.splitString "/" node."$ref")} // removeAttrs node [ "$ref" ]
    else
      node;
  isNull = node: (node.type or null) == "null";
  isSecret = node: node.writeOnly or false || builtins.any isSecret (node.anyOf or [ ]);

  integer =
    node:
    let
      low = node.minimum or (if node ? exclusiveMinimum then node.exclusiveMinimum + 1 else null);
      high = node.maximum or null;
    in
    if low != null && high != null then
      types.ints.between low high
    else if low == 0 then
      types.ints.unsigned
    else if low == 1 then
      types.ints.positive
    else if low != null then
      types.addCheck types.int (value: value >= low) // { description = "integer of at least ${toString low}"; }
    else
      types.int;

  number =
    node:
    types.addCheck types.number (
      value:
      (node.minimum or value) <= value
      && value <= (node.maximum or value)
      && (!(node ? exclusiveMinimum) || value > node.exclusiveMinimum)
    )
    // {
      description =
        "number"
        + lib.optionalString (node ? minimum) " of at least ${toString node.minimum}"
        + lib.optionalString (node ? exclusiveMinimum) " above ${toString node.exclusiveMinimum}";
    };

  string =
    node:
    if (node.format or null) == "path" then
      # Also the name of a credential, so not only what begins with a slash.
      types.either types.path types.str
    else if node ? minLength then
      types.nonEmptyStr
    else
      types.str;

  typeOf =
    node0:
    let
      node = deref node0;
      others = builtins.filter (other: !isNull other) node.anyOf;
      union = types.oneOf (map typeOf others);
    in
    if node ? anyOf then
      if builtins.any isNull node.anyOf then types.nullOr union else union
    else if node ? enum then
      types.enum node.enum
    else if node ? const then
      types.enum [ node.const ]
    else
      {
        string = string node;
        integer = integer node;
        number = number node;
        boolean = types.bool;
        array = types.listOf (typeOf (node.items or { }));
        object =
          if node ? properties then
            object node
          else if builtins.isAttrs (node.additionalProperties or null) then
            types.attrsOf (typeOf node.additionalProperties)
          else
            types.attrsOf types.anything;
      }
      .${node.type or "any"} or types.anything;

  object =
    node:
    types.submodule {
      options = lib.mapAttrs option (lib.filterAttrs (_: each: !isSecret each) node.properties);
    };

  # What the documentation shows where the model names no example.
  exampleOf =
    node:
    let
      value = node.default or null;
    in
    if node ? examples then
      builtins.head node.examples
    else if builtins.isBool value then
      !value
    else if node ? enum then
      lib.last node.enum
    else if value != null then
      value
    else
      null;

  option =
    name: node0:
    let
      node = deref node0;
      example = exampleOf node;
    in
    mkOption (
      {
        type = typeOf node0;
        description = node0.description or node.description;
      }
      // lib.optionalAttrs (node ? properties) { default = { }; }
      // lib.optionalAttrs (!(node ? properties) && node ? default) { inherit (node) default; }
      // lib.optionalAttrs (!(node ? properties) && !(node ? default)) {
        defaultText = lib.literalMD "made from the other options";
      }
      // lib.optionalAttrs (example != null) { inherit example; }
    );
in
object schema
