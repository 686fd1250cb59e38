/**
 * The words that room names are made of: short, friendly, plain ASCII, easy to say over the phone.
 * The Portuguese adjectives have one form for both genders, so that every combination is well-formed.
 */

export type WordLists = readonly [readonly string[], readonly string[], readonly string[]];

const list = (words: string): readonly string[] => words.trim().split(/\s+/);

export const ENGLISH: WordLists = [
  list(`able amber apt ample bold brave breezy bright brisk calm candid cheery clear clever cosy crisp curious daring
    deft eager early easy fair fancy fond frank fresh gentle giant glad golden grand green handy happy hardy hearty
    humble jolly keen kind late lively lofty loyal lucid lucky lunar merry mellow mild misty modest nimble noble novel
    olive orderly patient perky placid plucky polite prime proud quick quiet rapid rosy royal rustic sandy silver
    simple sleek smart snug solar solid spare steady stout sunny swift tall tender tidy timely tranquil trusty velvet
    vivid warm wise witty young zesty`),
  list(`alpaca ant badger bat bear beaver bee bison bobcat camel cat cheetah cobra condor cougar coyote crab crane
    cricket crow deer dingo dolphin dove dragonfly duck eagle egret elk emu falcon ferret finch firefly fox frog gecko
    gibbon giraffe goose gull hare hawk hedgehog heron hippo horse ibis iguana jackal jaguar jay kestrel koala lark
    lemur leopard lion lizard llama lynx magpie marmot marten mole moose moth mouse newt ocelot octopus orca osprey
    otter owl panda panther parrot pelican penguin pony puffin puma rabbit raven robin salmon seal sparrow squid stork
    swan tapir tiger toad toucan turtle walrus whale wolf wombat wren zebra`),
  list(`arch atlas autumn basin bay beach bridge brook cabin canyon cape castle cave cedar circle city cliff cloud
    coast comet cottage cove creek dawn delta desert dune dusk east estuary farm fern field fjord forest fountain
    garden gate geyser glade glen grove gulf harbour haven heath hill horizon inlet island jetty jungle lagoon lake
    lantern ledge library lighthouse lodge maple market marsh meadow mesa mill moon moor mountain north oasis ocean
    orchard palm park pass path pine plaza pond prairie quarry reef ridge river road sea shore sky south spring star
    stream summit sun temple terrace tower valley village west willow winter wood`),
];

export const PORTUGUESE: WordLists = [
  list(`abelha anta arara beija-flor bem-te-vi boto cabra camelo canguru capivara caranguejo cavalo cisne coala coelho
    coruja cutia dourado ema esquilo falcao foca formiga galo garca gato gaivota girafa golfinho grilo guara harpia
    iguana jaburu jabuti jaguar joaninha lagarto leao lebre lobo lontra macaco mariposa morcego onca ovelha panda
    papagaio pardal pato pavao peixe pelicano pinguim pombo preguica puma quati raposa rouxinol sabia sagui sapo
    seriema siri tamandua tartaruga tatu tigre tucano urso vaga-lume veado zebra`),
  list(`adoravel agil alegre amavel audaz azul brilhante capaz celeste cordial docil doce elegante excelente familiar
    feliz fiel florescente forte gentil gigante grande humilde importante independente inteligente jovem leal leve
    livre lunar marrom musical natural nobre notavel original paciente perspicaz pontual popular prudente quente
    radiante real sagaz sensivel simples solar suave sutil terrestre tenaz triunfante valente veloz verde versatil
    vibrante vivaz`),
  list(`areia arvore aurora bahia bosque brisa cachoeira caminho campo canoa castelo caverna chuva cidade cometa coqueiro
    coral costa dunas enseada estrada estrela farol fazenda feira floresta fonte horizonte ilha jangada janela jardim
    ladeira lago lagoa laranjal lua luar mangue mar mata mirante montanha nascente neblina norte nuvem oceano oeste
    orla orvalho palmeira pantanal parque pedra planalto poente pomar ponte porto praca praia primavera recife rio
    rochedo sertao serra sol sul trilha vale varanda vento vereda verao vila`),
];
