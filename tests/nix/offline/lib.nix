# A small stand-in for nixpkgs' lib, so that the modules can be evaluated where no nixpkgs is.
let
  inherit (builtins) attrNames attrValues catAttrs concatLists concatMap concatStringsSep elem elemAt filter foldl' functionArgs
    genList hasAttr head isAttrs isBool isFloat isFunction isInt isList isPath isString length listToAttrs map mapAttrs match partition
    removeAttrs replaceStrings sort stringLength substring tail toJSON toString zipAttrsWith;
  showLoc = concatStringsSep ".";
  # ---- properties
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOrder = priority: content: { _type = "order"; inherit priority content; };
  ty = v: if isAttrs v then v._type or null else null;
  discharge = v: # -> list of values without if/merge at the top
    if ty v == "merge" then concatMap discharge v.contents
    else if ty v == "if" then (if v.condition then discharge v.content else [ ])
    else if ty v == "override" then map (x: v // { content = x; }) (discharge v.content)
    else [ v ];
  push = v: # the same without looking at conditions: properties are moved down onto the attributes
    if ty v == "merge" then concatMap push v.contents
    else if ty v == "if" then map (mapAttrs (_: lib.mkIf v.condition)) (push v.content)
    else if ty v == "override" then map (mapAttrs (_: mkOverride v.priority)) (push v.content)
    else if ty v == "order" then map (mapAttrs (_: mkOrder v.priority)) (push v.content)
    else [ v ];
  # definitions: { file, value } lists
  dischargeDefs = concatMap (d: map (value: d // { inherit value; }) (discharge d.value));
  settle = defs0: let
      defs = dischargeDefs defs0;
      prio = d: if ty d.value == "override" then d.value.priority else 100;
      best = foldl' (a: d: if prio d < a then prio d else a) 9999 defs;
      kept = map (d: if ty d.value == "override" then d // { value = d.value.content; } else d) (filter (d: prio d == best) defs);
      ord = d: if ty d.value == "order" then d.value.priority else 1000;
      sorted = if builtins.any (d: ty d.value == "order") kept then sort (a: b: ord a < ord b) kept else kept;
    in { inherit best; defs = map (d: if ty d.value == "order" then d // { value = d.value.content; } else d) sorted; };
  mergeType = loc: type: defs: let bad = filter (d: !type.check d.value) defs; in
    if bad != [ ] then throw "A definition for option `${showLoc loc}' is not of type `${type.description}': ${lib.show (head bad).value}" else type.merge loc defs;
  one = loc: defs: let vs = map (d: d.value) defs; in
    if builtins.all (v: v == head vs) vs then head vs else throw "The option `${showLoc loc}' has conflicting definition values.";
  # ---- types
  mk = name: description: check: merge: { _type = "option-type"; inherit name description check; merge = merge; subs = _: { }; };
  scalar = n: d: c: mk n d c one;
  types = rec {
    mkOptionType = a: mk a.name (a.description or a.name) (a.check or (_: true)) (a.merge or one);
    bool = scalar "bool" "boolean" isBool;
    int = scalar "int" "signed integer" isInt;
    float = scalar "float" "floating point number" isFloat;
    number = either int float;
    str = scalar "str" "string" isString;
    nonEmptyStr = scalar "nonEmptyStr" "non-empty string" (s: isString s && match "[ \t\n]*" s == null);
    strMatching = re: scalar "strMatching" "string matching the pattern ${re}" (s: isString s && match re s != null);
    port = ints.between 0 65535 // { description = "16 bit unsigned integer; between 0 and 65535 (both inclusive)"; };
    ints = { between = a: b: scalar "intBetween" "integer between ${toString a} and ${toString b} (both inclusive)" (i: isInt i && i >= a && i <= b);
      unsigned = scalar "unsignedInt" "unsigned integer, meaning >=0" (i: isInt i && i >= 0); positive = scalar "positiveInt" "positive integer, meaning >0" (i: isInt i && i > 0); u16 = port; };
    enum = vs: scalar "enum" "one of ${concatStringsSep ", " (map toJSON vs)}" (v: elem v vs);
    path = scalar "path" "absolute path" (p: (isString p || isPath p || isAttrs p && p ? outPath) && substring 0 1 (toString p) == "/");
    pathWith = { absolute ? true, inStore ? null }: scalar "pathWith" "absolute path not in the Nix store" (p: isString p && substring 0 1 p == "/" && !(inStore == false && match "${builtins.storeDir}/[a-z0-9]{32}-.*" p != null));
    externalPath = pathWith { inStore = false; };
    package = scalar "package" "package" (p: isAttrs p && p ? outPath || isString p && substring 0 1 p == "/");
    lines = mk "lines" "strings concatenated with \"\\n\"" isString (_: ds: concatStringsSep "\n" (map (d: d.value) ds));
    raw = mk "raw" "raw value" (_: true) one;
    unspecified = mk "unspecified" "unspecified value" (_: true) (loc: ds: if builtins.all (d: isList d.value) ds then concatMap (d: d.value) ds else one loc ds);
    anything = mk "anything" "anything" (_: true) (loc: ds: let vs = map (d: d.value) ds; in
      if builtins.all (v: isAttrs v && !(v ? outPath)) vs then (attrsOf anything).merge loc ds else if length vs == 1 then head vs else if builtins.all isList vs then concatLists vs else one loc ds);
    nullOr = t: mk "nullOr" "null or ${t.description}" (v: v == null || t.check v) (loc: ds: if builtins.all (d: d.value == null) ds then null else t.merge loc ds) // { inherit (t) subs; };
    either = a: b: mk "either" "${a.description} or ${b.description}" (v: a.check v || b.check v) (loc: ds: if builtins.all (d: a.check d.value) ds then a.merge loc ds else if builtins.all (d: b.check d.value) ds then b.merge loc ds else one loc ds);
    oneOf = ts: foldl' either (head ts) (tail ts);
    listOf = t: mk "listOf" "list of ${t.description}" isList (loc: ds: concatLists (lib.imap0 (n: d: lib.imap0 (m: v: let s = settle [ (d // { value = v; }) ]; in mergeType (loc ++ [ "[${toString m}]" ]) t s.defs) (filter (v: discharge v != [ ]) d.value)) ds)) // { subs = p: t.subs (p ++ [ "*" ]); };
    nonEmptyListOf = t: addCheck (listOf t) (l: l != [ ]) // { description = "non-empty ${(listOf t).description}"; };
    attrsOf = t: mk "attrsOf" "attribute set of ${t.description}" isAttrs (loc: ds: let
        per = zipAttrsWith (_: v: v) (map (d: mapAttrs (_: value: d // { inherit value; }) d.value) ds);
        set = mapAttrs (n: xs: settle xs) per;
      in mapAttrs (n: s: mergeType (loc ++ [ n ]) t s.defs) (lib.filterAttrs (_: s: s.defs != [ ]) set)) // { subs = p: t.subs (p ++ [ "<name>" ]); };
    lazyAttrsOf = attrsOf; attrs = attrsOf anything;
    addCheck = t: c: t // { check = v: t.check v && c v; };
    submodule = m: submoduleWith { modules = lib.toList m; };
    submoduleWith = { modules, specialArgs ? { }, ... }: let ev = loc: defs: evalModules { inherit specialArgs; prefix = loc; modules = modules ++ [ { _module.args.name = lib.last ([ "‹name›" ] ++ loc); } ] ++ map (d: if isFunction d.value || isPath d.value then d.value else { _file = d.file; config = d.value; }) defs; }; in
      mk "submodule" "submodule" (v: isAttrs v || isFunction v || isPath v) (loc: ds: (ev loc ds).config) // { subs = p: (ev p [ ]).options; };
  };
  # ---- modules
  evalModules = { modules, specialArgs ? { }, prefix ? [ ], class ? null, ... }: let
      args = specialArgs // { inherit lib config options; };
      call = f: if isFunction f then f (mapAttrs (n: _: args.${n} or config._module.args.${n}) (functionArgs f) // args) else f;
      load = m: let
          raw = if isPath m || isString m then { _file = toString m; v = call (import m); } else { _file = "<inline>"; v = call m; };
          v = raw.v; long = v ? config || v ? options;
          file = v._file or raw._file;
          bad = attrNames (removeAttrs v [ "_file" "key" "imports" "options" "config" "meta" "freeformType" "_class" "disabledModules" "_module" ]);
        in if long && bad != [ ] then throw "Module `${file}' has an unsupported attribute `${head bad}'."
        else concatMap load (v.imports or [ ]) ++ [ { inherit file; options = v.options or { }; free = v.freeformType or null;
          config = if long then lib.mkMerge ([ (v.config or { }) ] ++ (if v ? meta then [ { inherit (v) meta; } ] else [ ])) else removeAttrs v [ "_file" "key" "imports" "freeformType" "_class" ]; } ];
      base = { _file = "lib/modules"; options._module = { args = mkOption { type = types.lazyAttrsOf types.raw; default = { }; internal = true; }; freeformType = mkOption { type = types.raw; default = null; internal = true; }; check = mkOption { type = types.bool; default = true; internal = true; }; }; };
      loaded = concatMap load ([ base ] ++ modules);
      free = let fs = filter (f: f != null) (map (m: m.free) loaded); in if fs != [ ] then head fs else null;
      tree = loc: decls: defs0: free': let # decls: [{file, options}], defs0: [{file,value}]
          defs = concatMap (d: map (value: d // { inherit value; }) (push d.value)) defs0;
          byName = zipAttrsWith (_: v: v) (map (d: mapAttrs (_: options: { inherit (d) file; inherit options; }) d.options) decls);
          defsBy = zipAttrsWith (_: v: v) (map (d: if isAttrs d.value then mapAttrs (_: value: d // { inherit value; }) d.value else throw "The option path `${showLoc loc}' is an option set, but a value was given in ${d.file}.") defs);
          node = n: ds: let l = loc ++ [ n ]; opts = filter (d: ty d.options == "option") ds; mine = defsBy.${n} or [ ]; in
            if opts != [ ] then leaf l (if length opts == 1 then (head opts).options else foldl' (a: o: a // o.options // (if a ? type && o.options ? type && a.type.name == "submodule" then { type = types.submoduleWith { modules = [ ]; }; } else { })) { } opts) mine
            else tree l ds mine null;
          nodes = mapAttrs node byName;
          extra = removeAttrs defsBy (attrNames byName);
          freeVal = if free' == null then { } else mergeType loc free' (map (d: d // { value = lib.mapAttrs (_: x: x) (removeAttrs d.value (attrNames byName)); }) defs);
          unknown = (if free' == null then map (n: loc ++ [ n ]) (filter (n: (settle extra.${n}).defs != [ ]) (attrNames extra)) else [ ]) ++ concatMap (x: x.unknown) (attrValues nodes);
        in { inherit unknown; value = freeVal // mapAttrs (_: x: x.value) nodes; options = mapAttrs (_: x: x.options) nodes; };
      leaf = loc: o: mine: let
          type = o.type or types.unspecified;
          s = settle (mine ++ (if o ? default then [ { file = "default"; value = mkOverride 1500 o.default; } ] else [ ]));
          v = if s.defs == [ ] then throw "The option `${showLoc loc}' was accessed but has no value defined. Try setting the option." else mergeType loc type s.defs;
          value = if o.readOnly or false && length (filter (d: d.file != "default") s.defs) > 1 then throw "The option `${showLoc loc}' is read-only." else (o.apply or (x: x)) v;
        in { inherit value; unknown = [ ]; options = o // { _type = "option"; inherit loc type value; name = showLoc loc; isDefined = mine != [ ]; }; };
      r = tree prefix (map (m: { inherit (m) file options; }) loaded) (map (m: { inherit (m) file; value = m.config; }) loaded) free;
      config = r.value; options = r.options;
      checked = if r.unknown != [ ] then throw "The option `${showLoc (head r.unknown)}' does not exist." else config;
    in { config = removeAttrs checked [ "_module" ]; options = removeAttrs options [ "_module" ]; inherit lib; };
  mkOption = a: a // { _type = "option"; };
  letters = s: genList (i: substring i 1 s) (stringLength s);
  upper = letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ"; lower = letters "abcdefghijklmnopqrstuvwxyz";
  lib = rec {
    inherit types evalModules mkOption mkOverride mkOrder showLoc; mergeEqualOption = one;
    inherit (builtins) all any attrNames attrValues concatLists concatMap concatStringsSep elem filter foldl' genList head isAttrs isBool isInt isList isString isFunction length listToAttrs mapAttrs replaceStrings sort splitVersion stringLength substring tail toJSON zipAttrsWith compareVersions elemAt;
    mkIf = condition: content: { _type = "if"; inherit condition content; };
    mkMerge = contents: { _type = "merge"; inherit contents; };
    mkDefault = mkOverride 1000; mkForce = mkOverride 50; mkOptionDefault = mkOverride 1500; mkBefore = mkOrder 500; mkAfter = mkOrder 1500;
    mkEnableOption = s: mkOption { type = types.bool; default = false; example = true; description = "Whether to enable ${s}."; };
    mkPackageOption = pkgs: n: a: mkOption { type = types.package; default = pkgs.${n}; defaultText = literalExpression "pkgs.${n}"; description = "The ${n} package to use."; };
    literalExpression = text: { _type = "literalExpression"; inherit text; }; literalMD = text: { _type = "literalMD"; inherit text; };
    show = v: if isAttrs v then "an attribute set" else if isFunction v then "a function" else toJSON v;
    toList = x: if isList x then x else [ x ]; last = xs: elemAt xs (length xs - 1); flatten = x: if isList x then concatMap flatten x else [ x ]; unique = foldl' (a: e: if elem e a then a else a ++ [ e ]) [ ];
    imap0 = f: xs: genList (i: f i (elemAt xs i)) (length xs); range = a: b: if a > b then [ ] else genList (i: a + i) (b - a + 1);
    optional = c: x: if c then [ x ] else [ ]; optionals = c: x: if c then x else [ ]; optionalString = c: s: if c then s else ""; optionalAttrs = c: s: if c then s else { };
    filterAttrs = p: s: listToAttrs (map (n: { name = n; value = s.${n}; }) (filter (n: p n s.${n}) (attrNames s)));
    filterAttrsRecursive = p: s: mapAttrs (_: v: if isAttrs v && !(v ? outPath) then filterAttrsRecursive p v else v) (filterAttrs p s);
    mapAttrsToList = f: s: map (n: f n s.${n}) (attrNames s); nameValuePair = name: value: { inherit name value; }; mapAttrs' = f: s: listToAttrs (mapAttrsToList f s); genAttrs = ns: f: listToAttrs (map (n: nameValuePair n (f n)) ns);
    recursiveUpdate = a: b: if isAttrs a && isAttrs b && !(b ? outPath) then a // mapAttrs (n: v: if a ? ${n} then recursiveUpdate a.${n} v else v) b else b;
    concatStrings = concatStringsSep ""; concatMapStrings = f: xs: concatStrings (map f xs); concatMapStringsSep = s: f: xs: concatStringsSep s (map f xs); concatMapAttrsStringSep = s: f: a: concatStringsSep s (mapAttrsToList f a);
    splitString = sep: s: filter isString (builtins.split (lib.escapeRegex sep) s); escapeRegex = replaceStrings [ "\\" "." "*" "+" "?" "(" ")" "[" "]" "{" "}" "^" "$" "|" ] [ "\\\\" "\\." "\\*" "\\+" "\\?" "\\(" "\\)" "\\[" "\\]" "\\{" "\\}" "\\^" "\\$" "\\|" ];
    hasPrefix = p: s: substring 0 (stringLength p) s == p; hasSuffix = p: s: stringLength s >= stringLength p && substring (stringLength s - stringLength p) (-1) s == p; boolToString = b: if b then "true" else "false";
    escapeShellArg = a: if match "[[:alnum:],._+:@%/-]+" (toString a) != null then toString a else "'${replaceStrings [ "'" ] [ "'\\''" ] (toString a)}'"; escapeShellArgs = concatMapStringsSep " " escapeShellArg;
    getVersion = p: if isString p then (builtins.parseDrvName p).version else p.version or (builtins.parseDrvName p.name).version; getExe' = p: b: "${p}/bin/${b}"; getExe = p: getExe' p (p.meta.mainProgram or p.pname); versionAtLeast = a: b: compareVersions a b != -1; versionOlder = a: b: compareVersions a b == -1;
    toLower = replaceStrings upper lower; importJSON = path: builtins.fromJSON (builtins.readFile path); importTOML = path: builtins.fromTOML (builtins.readFile path);
    zipListsWith = f: a: b: genList (i: f (elemAt a i) (elemAt b i)) (if length a < length b then length a else length b);
    count = p: xs: length (filter p xs); hasInfix = infix: s: length (builtins.split (escapeRegex infix) s) > 1;
    removePrefix = p: s: if hasPrefix p s then substring (stringLength p) (-1) s else s; removeSuffix = p: s: if hasSuffix p s then substring 0 (stringLength s - stringLength p) s else s;
    makeLibraryPath = packages: concatMapStringsSep ":" (package: "${package}/lib") packages; licenses.asl20 = "Apache-2.0"; trivial.release = "26.05";
    fileset = { toSource = { root, ... }: root; unions = sets: sets; difference = a: _: a; maybeMissing = path: path; };
    mkRenamedOptionModule = from: to: throw "not in the stand-in: ${showLoc from} to ${showLoc to}";
    assertMsg = c: m: c || throw m; maintainers = { }; teams = { };
    optionAttrSetToDocList = o: concatLists (mapAttrsToList (_: v: if ty v == "option" then [ ({ inherit (v) name loc; type = v.type.description; description = v.description or null; internal = v.internal or false; visible = v.visible or true; readOnly = v.readOnly or false; }
        // optionalAttrs (v ? example) { example.text = if ty v.example == "literalExpression" then v.example.text else toPretty v.example; }
        // optionalAttrs (v ? default || v ? defaultText) { default.text = if v ? defaultText then v.defaultText.text or v.defaultText else toPretty v.default; }) ] ++ optionAttrSetToDocList (v.type.subs v.loc) else if isAttrs v then optionAttrSetToDocList v else [ ]) (removeAttrs o [ "_module" ]));
    toPretty = v: if v == null then "null" else if isBool v then boolToString v else if isAttrs v then (if v == { } then "{ }" else "{…}") else if isList v then (if v == [ ] then "[ ]" else "[…]") else toJSON v;
    extend = f: lib // f lib lib;
  };
in lib
